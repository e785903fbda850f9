"""What the police were told of an alert, how far that has come, and the form that sends again what they did not take.

Bounded by `sql.police_events.LISTED_MAX`: the newest events of the authority, of which those about the alert are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from handlers.administration import endpoints
from handlers.administration.changing import Administrator
from handlers.console.pages.alert import parts_of
from handlers.console.showing.forms import fields_of
from handlers.http.problems import Refusal
from handlers.http.requests import alert_id_of
from handlers.operators.alerts import AlertAnswer

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.sightings.delivery import PoliceEvent
    from handlers.operators.sightings.sightings import SightingReports
    from sql.database import Pool


class PolicePage:
    """`/console/alerts/{id}/police`, its part and its form."""

    def __init__(self, pool: Pool, alerts: Alerts, reports: SightingReports, pages: Pages) -> None:
        self._pool = pool
        self._alerts = alerts
        self._reports = reports
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        return await self._page(call, "sightings/police.html")

    async def get_part(self, call: Call[None]) -> web.Response:
        """Show the table alone."""
        return await self._page(call, "sightings/part_police.html")

    async def post(self, call: Call[bytes]) -> web.StreamResponse:
        """Send an event again."""
        alert = await self._alert(call)
        event = alert_id_of(fields_of(call.body).get("event", ""))
        if alert is None or event is None or event not in {one.id for one in await self._events(alert)}:
            return self._pages.problem(call.request, 404, "problem.unknown_event")
        by = Administrator(actor=call.actor.label, token=call.actor.token_id)
        refused = await endpoints.send_again(self._pool, by, alert.authority, event)
        if isinstance(refused, Refusal):
            return await self._page(call, "sightings/police.html", 409)
        return web.Response(status=303, headers={"Location": f"/console/alerts/{call.alert_id}/police?done=again"})

    async def _page(self, call: Call[Any], template: str, status: int = 200) -> web.Response:
        alert = await self._alert(call)
        if alert is None:
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        return self._pages.page(
            call.request,
            template,
            status,
            **parts_of(alert),
            events=await self._events(alert),
            done=call.request.query.get("done"),
            is_refused=status != web.HTTPOk.status_code,
        )

    async def _alert(self, call: Call[Any]) -> Alert | None:
        """Return the alert, None for who may not read its sightings."""
        answer = await self._alerts.get_one(call)
        is_within = await self._reports.is_within(call.alert_id, call.bearer)
        return answer.alert if isinstance(answer, AlertAnswer) and is_within else None

    async def _events(self, alert: Alert) -> list[PoliceEvent]:
        listed = await self._reports.delivery.listed(alert.authority, dead=False)
        return [one for one in listed.events if one.alert == alert.id]
