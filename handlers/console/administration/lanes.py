"""Lanes: how each stands in every process, its last errors, and its restart.

Bounded: as the API's answer; the page of a restart waits as long as the API does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from handlers.console.administration.forms import HOME, NOTHING, Failed, Form, done
from handlers.console.showing.forms import fields_of
from handlers.operators.administration.asked import ConfirmedChange, administrator_of
from handlers.operators.administration.lanes import RestartAnswer
from handlers.values.number import number_of

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.administration.lanes import Lanes

LIST: Final = f"{HOME}/lanes"
DIGITS_MAX: Final = 15
"""Of the number of a restart."""


class LanePages:
    """`/console/administration/lanes`."""

    def __init__(self, lanes: Lanes, pages: Pages) -> None:
        self._lanes = lanes
        self._pages = pages
        self._restart = Form(ConfirmedChange, lanes.post_restart)

    async def get_all(self, call: Call[None]) -> web.Response:
        """Show the lanes, and who has heard of a restart."""
        return await self._page(call, NOTHING)

    async def get_part(self, call: Call[None]) -> web.Response:
        """Show the tables alone."""
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        lanes = (await self._lanes.standing()).lanes
        return self._pages.page(call.request, "parts/lanes.html", lanes=lanes)

    async def post_restart(self, call: Call[bytes]) -> web.StreamResponse:
        """Restart a lane in every process."""
        lane = call.request.match_info["lane"]
        result = await done(call, f"restart-{lane}", fields_of(call.body), self._restart)
        if isinstance(result, Failed):
            return await self._page(call, result)
        assert isinstance(result, RestartAnswer)  # nosec B101 # noqa: S101 - what the form asks for
        return web.Response(status=303, headers={"Location": f"{LIST}?restart={result.id}"})

    async def _page(self, call: Call[Any], failed: Failed) -> web.Response:
        if isinstance(administrator_of(call), web.Response):
            return self._pages.problem(call.request, 403, "problem.officer")
        number = number_of(call.request.query.get("restart", ""), DIGITS_MAX)
        return self._pages.page(
            call.request,
            "administration/lanes.html",
            failed.status,
            lanes=(await self._lanes.standing()).lanes,
            restart=None if number is None else await self._lanes.restart(number),
            failed=failed,
        )
