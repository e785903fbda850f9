"""The trail of an alert as people read it: what was done, in words, and whether the record still says what was written.

Bounded: a page of `handlers.operators.watching.trail.PAGE_EVENTS` events; `ALERTS_MAX` alerts to choose from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from handlers.console.pages.alert import parts_of
from handlers.operators.alerts import AlertAnswer, AlertsQuery

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alerts
    from handlers.operators.watching.trail import AlertTrail

ALERTS_MAX: Final = 50


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A case number to look for; blank finds the newest alerts."""

    case_number: Annotated[str, Meta(max_length=150)] = ""


class TrailPage:
    """`/console/trail` and `/console/alerts/{id}/trail`."""

    def __init__(self, alerts: Alerts, trail: AlertTrail, pages: Pages) -> None:
        self._alerts = alerts
        self._trail = trail
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the trail of one alert."""
        alert, trail = await self._alerts.get_one(call), await self._trail.get(call)
        if not isinstance(alert, AlertAnswer) or isinstance(trail, web.Response):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        return self._pages.page(call.request, "trail.html", **parts_of(alert.alert), trail=trail)

    async def get_choice(self, call: Call[None]) -> web.Response:
        """Show alerts whose trail can be read, or the one with a case number."""
        number: str = call.query.case_number.strip()
        query = AlertsQuery(case_number=number or None, limit=ALERTS_MAX)
        listed = await self._alerts.listed_for(call.bearer, query)
        return self._pages.page(call.request, "trails.html", alerts=listed.alerts, number=number)
