"""The map of an alert: its drawing, and the table that says all that is drawn.

Bounded by the rings of an alert.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handlers.console.showing.shared_parts import SharedParts
from push.alerts.lifecycle import NOT_NOTIFIED, OVER, State
from runtime.clock import record_now

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web

    from handlers.alert_answers import AlertRing
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts, ReadAlert
    from handlers.operators.watching.area import AlertArea


THROUGH: Final = 100
"""Percent."""


class Phase(enum.StrEnum):
    """How far a ring is: it waits for its time, or the alert for approval; is held; is sent; is through; is stopped."""

    WAITS = "waits"
    APPROVAL = "approval"
    HELD = "held"
    SENDING = "sending"
    THROUGH = "through"
    PAUSED = "paused"
    STOPPED = "stopped"


class MappedRing(NamedTuple):
    """A ring as the map shows it: how far it is through in percent, and how many were accepted in it so far.

    `shape` changes when its drawing does. `few`: some numbers in it are withheld.
    """

    ring: AlertRing
    longitude: float | None
    latitude: float | None
    shape: str
    share: int
    accepted: int
    few: bool
    phase: Phase


class MapPage:
    """`/console/alerts/{id}/area` and the table beside it."""

    def __init__(self, alerts: Alerts, area: AlertArea, pages: Pages) -> None:
        self._alerts = alerts
        self._area = area
        self._parts = SharedParts(pages)

    async def get_area(self, call: Call[None]) -> web.Response:
        """Return the drawing, as the API does."""
        return await self._area.get(call)

    async def get_table(self, call: Call[None]) -> web.Response:
        """Show the table alone."""

        async def read() -> dict[str, Any] | None:
            alert = await self._alerts.read(call)
            return None if alert is None else await self.values(alert)

        return await self._parts.of_alert(call, "parts/map.html", read)

    async def values(self, alert: ReadAlert) -> dict[str, Any]:
        """Return what the table's template shows."""
        around = await self._area.around(alert.listed)
        return {"alert": alert.shown, "mapped": mapped(alert.shown, record_now()), "around": around}


def mapped(alert: Alert, at: datetime) -> list[MappedRing]:
    """Return the rings of an alert with how far they are, from near to far; `at`: the present."""
    rows: list[MappedRing] = []
    circle = alert.area.circle
    place = (None, None) if circle is None else (circle.longitude, circle.latitude)
    for ring in sorted(alert.rings, key=lambda one: one.ring):
        cells = [lane.rings[ring.ring] for lane in alert.lanes.values() if ring.ring in lane.rings]
        units = sum(cell.units for cell in cells)
        share = THROUGH * sum(cell.units_done for cell in cells) // units if units else 0
        longitude, latitude = place if ring.centre is None else (ring.centre.longitude, ring.centre.latitude)
        rows.append(
            MappedRing(
                ring=ring,
                longitude=longitude,
                latitude=latitude,
                shape=f"{ring.ring}/{longitude}/{latitude}/{ring.radius_km}/{ring.city}",
                share=share,
                accepted=sum(cell.accepted or 0 for cell in cells),
                few=any(cell.accepted is None for cell in cells),
                phase=phase_of(alert.state, ring, share, at),
            )
        )
    return rows


def phase_of(state: State, ring: AlertRing, share: int, at: datetime) -> Phase:
    """Return how far a ring is. Nobody may be in it: once an alert is sent, what is due and not held is through."""
    if share == THROUGH:
        return Phase.THROUGH
    if state in OVER:
        return Phase.STOPPED
    if ring.held:
        return Phase.HELD
    if state in NOT_NOTIFIED:
        return Phase.APPROVAL if state is State.IN_REVIEW else Phase.WAITS
    if ring.due_at > at:
        return Phase.WAITS
    if state is State.PAUSED:
        return Phase.PAUSED
    return Phase.THROUGH if state is State.SENT else Phase.SENDING
