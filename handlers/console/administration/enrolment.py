"""Who is enrolled for exercises, in numbers: forms that enrol users who agreed, and withdraw some or all.

Bounded: `USERS_BYTES` a form.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from handlers.console.administration.forms import HOME, NOTHING, Failed, Form, done
from handlers.console.showing.forms import fields_of
from handlers.operators.administration.asked import administrator_of
from handlers.operators.administration.enrolment import Agreed, EnrolmentChanged, Removed
from handlers.values.number import number_of

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.administration.enrolment import EnrolmentChanges
    from handlers.platform.enrolment import Enrolment

DIGITS_MAX: Final = 6
"""Of how many users were changed at once."""

PAGE: Final = f"{HOME}/enrolment"
USERS_BYTES: Final = 512 * 1024
SEPARATED: Final = re.compile(r"[\s,;]+")


class EnrolmentPages:
    """`/console/administration/enrolment`."""

    def __init__(self, changes: EnrolmentChanges, enrolment: Enrolment, pages: Pages) -> None:
        self._enrolment = enrolment
        self._pages = pages
        self.forms: Final = {
            "enrol": Form(Agreed, changes.post),
            "removal": Form(Removed, changes.post_removal),
        }

    async def get(self, call: Call[None]) -> web.Response:
        """Show how many are enrolled, and the forms."""
        return await self._page(call, NOTHING)

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Do the change that the path ends with."""
        name = call.request.path.rpartition("/")[2]
        result = await done(call, name, fields_of(call.body), self.forms[name], _users)
        if isinstance(result, Failed):
            return await self._page(call, result)
        assert isinstance(result, EnrolmentChanged)  # nosec B101 # noqa: S101 - what the forms ask for
        return web.Response(status=303, headers={"Location": f"{PAGE}?changed={result.changed}"})

    async def _page(self, call: Call[Any], failed: Failed) -> web.Response:
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        return self._pages.page(
            call.request,
            "administration/enrolment.html",
            failed.status,
            enrolled=await self._enrolment.get_count(call),
            changed=number_of(call.request.query.get("changed", ""), DIGITS_MAX),
            failed=failed,
        )


def _users(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a form with its users as numbers, and the time of their consent with its offset."""
    users = [one for one in SEPARATED.split(str(tree.get("users", ""))) if one]
    tree["users"] = [int(one) if one.isascii() and one.isdigit() else one for one in users]
    try:
        at = datetime.fromisoformat(str(tree.get("consented_at", "")))
        tree["consented_at"] = msgspec.to_builtins(at if at.tzinfo else at.astimezone())
    except (ValueError, OverflowError):
        # Left as a text, which is no moment.
        pass
    return tree
