"""What came of an alert on its page: who opened it and how, shared it, reported something, and whether that helped.

Bounded: `ROWS_MAX` rows over time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from handlers.console.showing.shared_parts import SharedParts
from handlers.console.showing.thinning import every_nth

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.roles import Role
    from handlers.http.route import Call
    from handlers.operators.watching.funnel import CameOf, Funnel
    from sql.progress import ListedAlert

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
            return values_of(await self._funnel.came_of(call))

        return await self._parts.of_alert(call, "parts/page_funnel.html", read)

    async def values(self, alert: ListedAlert, role: Role) -> dict[str, Any]:
        """Return what the part's template shows to a reader of this role."""
        return values_of(await self._funnel.of(alert, role))


def values_of(came_of: CameOf | None) -> dict[str, Any]:
    """Return what the part's template shows; without a funnel for who may not read the alert."""
    rows = [] if came_of is None else every_nth(came_of.over_time, ROWS_MAX)
    return {"came_of": came_of, "page_steps": STEPS, "page_rows": rows}
