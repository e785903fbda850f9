"""What the police were told of an alert, how far that has come, and the form that sends again what they did not take.

An officer sends again what the own authority did not take. Bounded by `sql.police_events.LISTED_MAX`: the newest events
of the alert.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from handlers.console.pages.alert import parts_of
from handlers.console.showing.forms import fields_of
from handlers.http.requests import alert_id_of
from handlers.operators.alerts import AlertAnswer
from handlers.operators.scope import scope_of

if TYPE_CHECKING:
    from handlers.console.showing.pages import Pages
    from handlers.http.problems import Refusal
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.sightings.delivery import PoliceEvent
    from handlers.operators.sightings.sightings import SightingReports


class PolicePage:
    """`/console/alerts/{id}/police`, its part and its form."""

    def __init__(self, alerts: Alerts, reports: SightingReports, pages: Pages) -> None:
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
        if alert is None or event not in {one.id for one in await self._events(alert)}:
            return self._pages.problem(call.request, 404, "problem.unknown_event")
        refused = await self._reports.delivery.send_again(call, alert.authority, event)
        if refused is not None:
            return await self._page(call, "sightings/police.html", refused)
        return web.Response(status=303, headers={"Location": f"/console/alerts/{call.alert_id}/police?done=again"})

    async def _page(self, call: Call[Any], template: str, refused: Refusal | None = None) -> web.Response:
        alert = await self._alert(call)
        if alert is None:
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        own = scope_of(call.bearer).has(alert.authority)
        return self._pages.page(
            call.request,
            template,
            HTTPStatus.OK if refused is None else HTTPStatus.CONFLICT if own else HTTPStatus.FORBIDDEN,
            **parts_of(alert),
            events=await self._events(alert),
            done=call.request.query.get("done"),
            refused=None if refused is None else "police.refused" if own else "police.other_authority",
            may_send_again=own,
        )

    async def _alert(self, call: Call[Any]) -> Alert | None:
        """Return the alert, None for who may not read its sightings."""
        answer = await self._alerts.get_one(call)
        is_within = await self._reports.is_within(call.alert_id, call.bearer)
        return answer.alert if isinstance(answer, AlertAnswer) and is_within else None

    async def _events(self, alert: Alert) -> list[PoliceEvent]:
        return (await self._reports.delivery.of_alert(alert.id)).events
