"""The overview: all alerts that go on and the newest others.

Bounded: `ALERTS_MAX` alerts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from handlers.operators.alerts import AlertsQuery

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts

ALERTS_MAX: Final = 100


class Overview:
    """`GET /console` and its parts."""

    def __init__(self, alerts: Alerts, pages: Pages) -> None:
        self._alerts = alerts
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        return self._pages.page(call.request, "overview.html", alerts=await self._listed(call))

    async def get_cards(self, call: Call[None]) -> web.Response:
        """Show the cards alone."""
        return self._pages.page(call.request, "parts/cards.html", alerts=await self._listed(call))

    async def _listed(self, call: Call[Any]) -> list[Alert]:
        return (await self._alerts.listed_for(call.bearer, AlertsQuery(limit=ALERTS_MAX))).alerts
