"""Which alerts have sightings that wait, and those of one alert: a table, and a map of all that it shows.

Bounded: `sql.sightings.ALERTS_MAX` alerts, `sql.sightings.LISTED_MAX` stacks a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from msgspec import Meta

import sql.police_events
import sql.sightings
from handlers.console.pages.alert import parts_of
from handlers.operators.alerts import AlertAnswer, AlertsQuery
from handlers.operators.scope import scope_of
from handlers.operators.sightings.answers import SightingsAnswer, SightingsQuery
from public.sightings.decisions import SightingState

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.sightings.sightings import SightingReports
    from sql.database import Pool


class ListQuery(SightingsQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sightings are shown; `photos`: of a page of them those with photos alone."""

    photos: bool = False
    done: Annotated[str, Meta(max_length=40)] = ""

    def address(self, **changes: object) -> str:
        """Return the query of a page with some of it changed, without what is as by default."""
        told = {"state": self.state.value, "order": self.order, "photos": self.photos, "after": 0, "like": self.like}
        usual = {"state": SightingState.NEW.value, "order": "newest", "photos": False, "after": 0, "like": None}
        words = (f"{name}={str(value).lower()}" for name, value in (told | changes).items() if value != usual[name])
        return "?" + "&".join(words)


class WaitingAlert(NamedTuple):
    """An alert with sightings that nobody has decided: how many, and since when the oldest waits."""

    alert: Alert
    undecided: int
    oldest_at: datetime


class SightingsPage:
    """`/console/sightings`, `/console/alerts/{id}/sightings` and its part."""

    def __init__(self, pool: Pool, alerts: Alerts, reports: SightingReports, pages: Pages) -> None:
        self._pool = pool
        self._alerts = alerts
        self._reports = reports
        self._pages = pages

    async def get_choice(self, call: Call[None]) -> web.Response:
        """Show the alerts with undecided sightings."""
        return self._pages.page(call.request, "sightings/choice.html", waiting=await self._waiting(call))

    async def get_choice_part(self, call: Call[None]) -> web.Response:
        """Show their table alone."""
        return self._pages.page(call.request, "sightings/part_choice.html", waiting=await self._waiting(call))

    async def get(self, call: Call[None]) -> web.Response:
        """Show the sightings of an alert."""
        return await self._page(call, "sightings/list.html", await self._reports.get_all(call))

    async def get_part(self, call: Call[None]) -> web.Response:
        """Show their table alone, for which an open page asks by itself."""
        return await self._page(call, "sightings/part_list.html", await self._reports.get_again(call))

    async def _waiting(self, call: Call[Any]) -> list[WaitingAlert]:
        listed = (await self._alerts.listed_for(call.bearer, AlertsQuery())).alerts
        scope = scope_of(call.bearer)
        within = {one.id: one for one in listed if scope.has(one.authority, *one.countersigned)}
        waiting = await sql.sightings.waiting(self._pool)
        found = [
            WaitingAlert(within[one.alert_id], one.count, one.oldest_at) for one in waiting if one.alert_id in within
        ]
        return sorted(found, key=lambda one: one.oldest_at)

    async def _page(self, call: Call[Any], template: str, listed: SightingsAnswer | web.Response) -> web.Response:
        alert = await self._alerts.get_one(call)
        if not isinstance(alert, AlertAnswer) or not isinstance(listed, SightingsAnswer):
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        query: ListQuery = call.query
        shown = [one for one in listed.sightings if one.photos or not query.photos]
        return self._pages.page(
            call.request,
            template,
            **parts_of(alert.alert),
            sightings=shown,
            next_after=listed.next,
            counts=listed.counts,
            states=list(SightingState),
            query=query,
            done=query.done,
            has_endpoint=bool(query.done) and await sql.police_events.has_endpoint(self._pool, alert.alert.authority),
        )
