"""Takes what users prefer: no alerts, no sound, quiet hours, which alerts; one user at a time, or many at once.

What is answered with 204 or 200 is honoured by every batch that is sent from then on. Nothing of it reaches a log or
the audit trail. Bounded: `PREFERENCES_MAX` users and `LIST_BYTES` a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from msgspec import Meta

import sql.preferences
from geo.connection import UNAVAILABLE_ERRORS, raise_if_mistake
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import FieldError
from handlers.platform.lists import Lists, Rejected, Taken, Unreadable
from handlers.values.user import USER_MAX
from push.message.preferences import Preferences
from push.users.kept_preferences import KeptPreferences

if TYPE_CHECKING:
    from geo.index.position_index import PositionIndex
    from handlers.http.route import Call
    from sql.database import Pool

BODY_BYTES: Final = 4096
PREFERENCES_MAX: Final = sql.preferences.SET_MAX
LIST_BYTES: Final = 4 * 1024 * 1024


class UserPreferences(Preferences, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one user of many prefers."""

    user: Annotated[int, Meta(ge=1, le=USER_MAX)]


class PreferencesShown(Preferences, frozen=True, kw_only=True, omit_defaults=False):
    """What a user prefers, with the defaults."""


_LISTS: Final = Lists(UserPreferences, "preferences")


class UsersPreferences:
    """`GET` and `PUT /v1/users/{user}/preferences`, and `POST /v1/preferences`."""

    def __init__(self, pool: Pool, index: PositionIndex) -> None:
        self._kept = KeptPreferences(pool, index.preferences)

    async def get(self, call: Call[None]) -> PreferencesShown:
        """Return what a user prefers."""
        found = await self._kept.read(call.user)
        return PreferencesShown(**{name: getattr(found, name) for name in Preferences.__struct_fields__})

    async def put(self, call: Call[Preferences]) -> web.Response:
        """Set what a user prefers, all of it: what is absent is as usual."""
        if (detail := _fault(call.body)) is not None:
            return problems.response(
                ProblemCode.BAD_FIELDS, "nothing was changed", [FieldError("$.quiet_hours", detail)]
            )
        return await self._put({call.user: call.body}) or web.Response(status=204)

    async def post(self, call: Call[bytes]) -> Taken | web.Response:
        """Set what many users prefer; the last one of a user counts."""
        decoded = _LISTS.decode(call.body, call.request.content_type)
        if isinstance(decoded, Unreadable):
            return problems.response(ProblemCode.UNREADABLE, decoded.detail)
        good, bad = decoded
        if len(good) + len(bad) > PREFERENCES_MAX:
            return problems.response(ProblemCode.TOO_LARGE, f"at most {PREFERENCES_MAX} users a request")
        faults = {index: detail for index, one in good if (detail := _fault(one)) is not None}
        preferred = {one.user: one for index, one in good if index not in faults}
        if preferred and (refused := await self._put(preferred)) is not None:
            return refused
        rejected = [*bad, *(Rejected(index, detail) for index, detail in faults.items())]
        return Taken(len(good) - len(faults), sorted(rejected, key=lambda one: one.index))

    async def _put(self, preferred: dict[int, Preferences] | dict[int, UserPreferences]) -> web.Response | None:
        names = Preferences.__struct_fields__
        plain = {user: Preferences(**{name: getattr(one, name) for name in names}) for user, one in preferred.items()}
        try:
            await self._kept.put(plain)
        except UNAVAILABLE_ERRORS as error:
            raise_if_mistake(error)
            detail = "a store is away, or takes nothing now; send the same again"
            return problems.response(ProblemCode.STORE_UNAVAILABLE, detail, headers=problems.RETRY_AFTER)
        return None


def _fault(preferences: Preferences) -> str | None:
    """Return what is wrong with quiet hours; their form is right."""
    hours = preferences.quiet_hours
    if hours is None:
        return None
    try:
        ZoneInfo(hours.time_zone)
    except (KeyError, OSError, ValueError):
        return "quiet_hours.time_zone is no time zone of the IANA database"
    return (
        "quiet_hours.from is quiet_hours.until; say silent for the whole day" if hours.begins == hours.until else None
    )
