"""What came of an alert on its page: who opened it and how, shared it, reported something, and whether that helped.

Bounded: `ROWS_MAX` rows over time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from handlers.console.showing.shared_parts import SharedParts
from handlers.console.showing.thinning import every_nth

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.watching.funnel import Funnel

ROWS_MAX: Final = 40
STEPS: Final = ("shared", "poster", "called", "reported", "passed_on")
"""After those who opened it."""


class FunnelPage:
    """The part of an alert's page that shows what came of it."""

    def __init__(self, funnel: Funnel, pages: Pages) -> None:
        self._funnel = funnel
        self._parts = SharedParts(pages)

    async def get(self, call: Call[None]) -> web.Response:
        """Show the part."""

        async def read() -> dict[str, Any]:
            return await self.values(call)

        return await self._parts.of_alert(call, "parts/page_funnel.html", read)

    async def values(self, call: Call[Any]) -> dict[str, Any]:
        """Return what the part's template shows; without a funnel for who may not read the alert."""
        answer = await self._funnel.get(call)
        if isinstance(answer, web.Response):
            return {"came_of": None, "page_steps": STEPS, "page_rows": []}
        return {"came_of": answer, "page_steps": STEPS, "page_rows": every_nth(answer.over_time, ROWS_MAX)}
