"""The map of an alert: its drawing, and the table that says all that is drawn.

Bounded by the rings of an alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.console.showing.shared_parts import SharedParts
from handlers.operators.alerts import AlertAnswer

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.alert_answers import AlertRing
    from handlers.console.showing.pages import Pages
    from handlers.http.route import Call
    from handlers.operators.alerts import Alert, Alerts
    from handlers.operators.watching.area import AlertArea, Around


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
            answer = await self._alerts.get_one(call)
            return await self.values(call, answer.alert) if isinstance(answer, AlertAnswer) else None

        return await self._parts.of_alert(call, "parts/map.html", read)

    async def values(self, call: Call[Any], alert: Alert) -> dict[str, Any]:
        """Return what the table's template shows."""
        around: Around | None = await self._area.around(call)
        return {"alert": alert, "mapped": mapped(alert), "around": around}


def mapped(alert: Alert) -> list[MappedRing]:
    """Return the rings of an alert with how far they are, from near to far."""
    rows: list[MappedRing] = []
    circle = alert.area.circle
    place = (None, None) if circle is None else (circle.longitude, circle.latitude)
    for ring in sorted(alert.rings, key=lambda one: one.ring):
        cells = [lane.rings[ring.ring] for lane in alert.lanes.values() if ring.ring in lane.rings]
        units = sum(cell.units for cell in cells)
        longitude, latitude = place if ring.centre is None else (ring.centre.longitude, ring.centre.latitude)
        rows.append(
            MappedRing(
                ring=ring,
                longitude=longitude,
                latitude=latitude,
                shape=f"{ring.ring}/{longitude}/{latitude}/{ring.radius_km}/{ring.city}",
                share=100 * sum(cell.units_done for cell in cells) // units if units else 0,
                accepted=sum(cell.accepted or 0 for cell in cells),
                few=any(cell.accepted is None for cell in cells),
            )
        )
    return rows
