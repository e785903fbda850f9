"""The queue: what waits for the reader, by the time that is left; then what they may not decide, with why.

Bounded: `ALERTS_MAX` alerts are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.console.showing.waiting import what_waits, why_not
from handlers.operators.alerts import AlertsQuery

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
        waiting = [one for alert in listed if (one := waiting_of(alert, call.bearer)) is not None]
        return sorted(
            waiting, key=lambda one: (one.why_not is not None, one.alert.review.send_at or one.alert.deadline)
        )


def waiting_of(alert: Alert, bearer: Bearer) -> Waiting | None:
    """Return for what an alert waits, and why not for somebody; None where it waits for nothing."""
    proposal = alert.review.proposal
    is_held = any(ring.held for ring in alert.rings)
    what = what_waits(alert.state, is_proposed=proposal is not None, is_held=is_held)
    if what is None:
        return None
    by = None if proposal is None else proposal.by
    approvals = alert.review.approvals
    authorities = (alert.authority, *alert.countersigned)
    reason = why_not(bearer, what, authorities=authorities, approvals=approvals, proposed_by=by)
    return Waiting(alert, what, reason)
