"""The overview: all alerts that go on and the newest others, as cards, on a map and in a table.

Bounded: `ALERTS_MAX` alerts; others are found by their case number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from handlers.console.pages.watching.trail import SearchQuery
from handlers.console.showing.shared_parts import SharedParts
from handlers.operators.alerts import AlertsQuery
from handlers.operators.scope import scope_of
from push.alerts.lifecycle import OVER

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts

ALERTS_MAX: Final = 100
"""Twice as many as live at once on a bad day; a page of them is painted within a second."""


class Overview:
    """`GET /console` and its parts."""

    def __init__(self, alerts: Alerts, pages: Pages) -> None:
        self._alerts = alerts
        self._pages = pages
        self._parts = SharedParts(pages)

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        query = call.query if isinstance(call.query, SearchQuery) else SearchQuery()
        number = query.case_number.strip()
        alerts = await self._listed(call, number)
        is_cut = len(alerts) >= ALERTS_MAX
        going_on = [one for one in alerts if one.state not in OVER]
        return self._pages.page(
            call.request, "overview.html", alerts=alerts, going_on=going_on, number=number, is_cut=is_cut
        )

    async def get_cards(self, call: Call[None]) -> web.Response:
        """Show the cards alone."""

        async def read() -> dict[str, Any]:
            return {"alerts": await self._listed(call)}

        return await self._parts.answer(call.request, "parts/cards.html", scope_of(call.bearer), read)

    async def get_places(self, call: Call[None]) -> web.Response:
        """Show the map's table alone."""

        async def read() -> dict[str, Any]:
            return {"going_on": [one for one in await self._listed(call) if one.state not in OVER]}

        return await self._parts.answer(call.request, "parts/places.html", scope_of(call.bearer), read)

    async def _listed(self, call: Call[Any], number: str = "") -> list[Alert]:
        query = AlertsQuery(case_number=number or None, limit=ALERTS_MAX)
        return (await self._alerts.listed_for(call.bearer, query)).alerts
