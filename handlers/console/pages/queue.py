"""The queue: what waits for the reader, by the time that is left; what they may not decide says why.

Bounded: `ALERTS_MAX` alerts are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.operators.alerts import AlertsQuery
from push.alerts.lifecycle import NOT_NOTIFIED, State
from push.alerts.people.names import folded_name

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.console.showing.pages import Pages
    from handlers.http.bearer import Bearer
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts

ALERTS_MAX: Final = 200


class Waiting(NamedTuple):
    """What waits: an alert, for what, and why the reader cannot decide it (a key of the texts), None where they can."""

    alert: Alert
    what: str
    why_not: str | None


class Queue:
    """`GET /console/queue`."""

    def __init__(self, alerts: Alerts, pages: Pages) -> None:
        self._alerts = alerts
        self._pages = pages

    async def get(self, call: Call[None]) -> web.Response:
        """Show the page."""
        return self._pages.page(call.request, "queue.html", waiting=await self._waiting(call))

    async def get_part(self, call: Call[None]) -> web.Response:
        """Show the table alone."""
        return self._pages.page(call.request, "parts/queue.html", waiting=await self._waiting(call))

    async def _waiting(self, call: Call[Any]) -> list[Waiting]:
        listed = (await self._alerts.listed_for(call.bearer, AlertsQuery(limit=ALERTS_MAX))).alerts
        waiting = [Waiting(one, what, _why_not(one, call.bearer)) for one in listed if (what := _what(one)) is not None]
        return sorted(waiting, key=lambda one: one.alert.review.send_at or one.alert.deadline)


def _what(alert: Alert) -> str | None:
    """Return for what an alert waits."""
    if alert.state is State.IN_REVIEW:
        return "approval"
    if alert.state is State.SCHEDULED:
        return "grace"
    if alert.review.proposal is not None and alert.state not in NOT_NOTIFIED:
        return "proposal"
    return "release" if any(ring.held for ring in alert.rings) and "release" in alert.possible else None


def _why_not(alert: Alert, bearer: Bearer) -> str | None:
    """Return why somebody does not decide about an alert; whether they worded it is known when they try."""
    if bearer.authority == alert.authority:
        return "queue.own_authority"
    if folded_name(bearer.name) in alert.review.approvals:
        return "queue.approved"
    proposal = alert.review.proposal
    return "queue.own_work" if proposal is not None and proposal.by.endswith(f" {bearer.name}") else None
