"""The alert: where it stands in its life, how far each ring and lane is, and what can be done to it now.

Bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from handlers.console.pages.queue import waiting_of
from handlers.console.showing.shared_parts import SharedParts
from handlers.operators.alerts import AlertAnswer
from push.alerts.lifecycle import OVER, State
from push.alerts.review import approvals_needed, changes_wait

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.pages.watching.funnel import FunnelPage
    from handlers.console.pages.watching.map import MapPage
    from handlers.console.pages.watching.rates import RatesPage
    from handlers.console.showing.pages import Pages
    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts

STEPS: Final = ("received", "review", "sending", "sent", "over")
"""The stepper: where an alert is, in the order in which it goes on."""

FUNNEL: Final = ("found", "opted_out", "sent", "accepted", "invalid", "refused", "failed", "entrants")
"""From those who stand in the area to those whom a provider accepted, and who came in since."""

_STEP_OF: Final = {
    State.RECEIVED: "received",
    State.IN_REVIEW: "review",
    State.SCHEDULED: "review",
    State.SENDING: "sending",
    State.PAUSED: "sending",
    State.SENT: "sent",
}


class AlertPage:
    """`GET /console/alerts/{id}` and its parts."""

    def __init__(self, alerts: Alerts, pages: Pages, map_page: MapPage, rates: RatesPage, funnel: FunnelPage) -> None:
        self._alerts = alerts
        self._map = map_page
        self._rates = rates
        self._funnel = funnel
        self._pages = pages
        self._parts = SharedParts(pages)

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        read = await self._alerts.read(call)
        if read is None:
            return self._pages.problem(call.request, 404, "problem.unknown_alert")
        alert, listed = read.shown, read.listed
        values = await self._map.values(read) | await self._rates.values(listed)
        values |= await self._funnel.values(listed, call.bearer.role)
        values |= parts_of(alert) | {"done": call.request.query.get("done"), "why_not": why_not_of(alert, call.bearer)}
        return self._pages.page(call.request, "alert.html", **values)

    async def get_state(self, call: Call[None]) -> web.Response:
        """Show the part that changes with the alert's state."""

        async def read() -> dict[str, Any] | None:
            answer = await self._alerts.get_one(call)
            return parts_of(answer.alert) if isinstance(answer, AlertAnswer) else None

        return await self._parts.of_alert(
            call, "parts/alert_state.html", read, lambda values: why_not_of(values["alert"], call.bearer)
        )


def why_not_of(alert: Alert, bearer: Bearer) -> str | None:
    """Return why somebody does not decide what an alert waits for (a key of the texts), None where they may."""
    waiting = waiting_of(alert, bearer)
    return None if waiting is None else waiting.why_not


def parts_of(alert: Alert) -> dict[str, Any]:
    """Return what templates show of an alert."""
    return {
        "alert": alert,
        "steps": STEPS,
        "step": "over" if alert.state in OVER else _STEP_OF[alert.state],
        "can": {one.value for one in alert.possible},
        "is_over": alert.state in OVER,
        "expected": expected_of(alert),
        "funnel": funnel_of(alert),
        "approvals_needed": approvals_needed(alert.review.policy),
        "must_propose": changes_wait(alert.state, alert.review.policy),
    }


def expected_of(alert: Alert) -> dict[tuple[str, int], int]:
    """Return by lane and ring how many people its estimate expects there beside those of nearer rings."""
    rings = [] if alert.estimate is None else alert.estimate.rings
    return {
        (lane, ring.ring): count.people
        for ring in rings
        for lane, count in ring.lanes.items()
        if count.people is not None
    }


def funnel_of(alert: Alert) -> dict[str, tuple[int, bool]]:
    """Return each step with its number over all lanes, and whether some numbers in it are withheld."""
    lanes = [*alert.lanes.values()]
    return {
        name: (sum(getattr(lane, name) or 0 for lane in lanes), any(getattr(lane, name) is None for lane in lanes))
        for name in FUNNEL
    }
