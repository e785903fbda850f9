"""`POST /v1/enrolled` and `/v1/enrolled/removal`: enrols many users who agreed to be reached by exercises, or fewer.

Bounded: `USERS_MAX` users a request.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from msgspec import Meta

from handlers.administration import enrolment
from handlers.administration.enrolment import USERS_MAX
from handlers.alert_answers import Answer
from handlers.http import problems
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.moments import Moment, in_future
from handlers.operators.administration.asked import Change, administrator_of, answered
from handlers.values.user import USER_MAX

if TYPE_CHECKING:
    from handlers.http.route import Call
    from sql.database import Pool

Users = Annotated[list[Annotated[int, Meta(ge=1, le=USER_MAX)]], Meta(min_length=1, max_length=USERS_MAX)]


class Agreed(Change, frozen=True, kw_only=True):
    """Users who agreed to be reached by exercises, and when."""

    users: Users
    consented_at: Moment


class Removed(Change, frozen=True, kw_only=True):
    """Users whom exercises are to reach no more."""

    users: Users


class EnrolmentChanged(Answer, frozen=True, kw_only=True):
    """Of how many users it was another way before."""

    changed: int


class EnrolmentChanges:
    """Enrols and withdraws users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def post(self, call: Call[Agreed]) -> EnrolmentChanged | web.Response:
        """Enrol users who agreed; who is enrolled stays so."""
        body, by = call.body, administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        if errors := in_future(body.consented_at, "$.consented_at"):
            return problems.response(ProblemCode.BAD_FIELDS, "nobody was enrolled", errors)
        return _answer(await enrolment.enrol(self._pool, by, body.users, body.consented_at.astimezone(UTC)))

    async def post_removal(self, call: Call[Removed]) -> EnrolmentChanged | web.Response:
        """Withdraw users, from the next batch on; who is not enrolled stays so."""
        by = administrator_of(call, call.body.reason)
        if isinstance(by, web.Response):
            return by
        return _answer(await enrolment.withdraw(self._pool, by, call.body.users))


def _answer(changed: int | Refusal) -> EnrolmentChanged | web.Response:
    return answered(changed) if isinstance(changed, Refusal) else EnrolmentChanged(changed=changed)
