"""The areas of alerts' rings, each read from the record once a process.

Bounded: those of `ALERTS_MAX` alerts are kept, with all rings of each; the least recently used alerts go first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
import shapely
from shapely.geometry import MultiPolygon

import sql.rings
from geo.area import Area, Circle
from geo.polygon import dump, load
from sql.progress import WATCHED_MAX
from sql.rings import RingShape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sql.database import Pool
    from sql.rings import PlaceRow

ALERTS_MAX = 2 * WATCHED_MAX
"""All that are watched are looked at in turn at every tick: none of them may go for another one, nor for those that are
sent beside them."""

VERTEX_BYTES = 16
INLINE_BYTES = 64 * 1024
"""Of polygons as the record keeps them, 4,000 vertices: an area of them is made within a few milliseconds. Larger ones
are made in a thread."""


class Shape(Protocol):
    """What of a ring tells its area."""

    @property
    def radius_km(self) -> float | None:
        """Kilometres around the centre, None: the city alone."""

    @property
    def city(self) -> bool:
        """Whether the city belongs to it."""

    @property
    def longitude(self) -> float | None:
        """Degrees, of its own centre; None where it is around the alert's place."""

    @property
    def latitude(self) -> float | None:
        """Degrees, as the longitude."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alert is: degrees in WGS-84, the city with its boundary, and how far its authority may reach."""

    longitude: float | None = None
    latitude: float | None = None
    city: str | None = None
    boundary: MultiPolygon | None = None
    jurisdiction: MultiPolygon | None = None

    def area(self, ring: Shape) -> Area:
        """Return the area of one ring; ValueError when there is nothing in it, or it cannot be read."""
        centre = (self.longitude, self.latitude) if ring.longitude is None else (ring.longitude, ring.latitude)
        circle = None
        if ring.radius_km is not None and centre[0] is not None and centre[1] is not None:
            circle = Circle(centre[0], centre[1], ring.radius_km).on_globe()
        return Area(circle, self.boundary if ring.city else None, self.jurisdiction)

    def dumped(self) -> tuple[bytes | None, bytes | None]:
        """Return boundary and jurisdiction as the record keeps them."""
        boundary, jurisdiction = (None if s is None else dump(s) for s in (self.boundary, self.jurisdiction))
        return boundary, jurisdiction


def place_from(row: PlaceRow) -> Place:
    """Return the place that the record holds."""
    return Place(
        longitude=row.longitude,
        latitude=row.latitude,
        boundary=None if row.city_polygon is None else load(row.city_polygon),
        jurisdiction=None if row.jurisdiction is None else load(row.jurisdiction),
    )


async def areas_of(place: Place, rings: Iterable[Shape]) -> list[Area]:
    """Return the areas of rings; ValueError as `Place.area`."""
    shapes = [shape for shape in (place.boundary, place.jurisdiction) if shape is not None]
    wanted = list(rings)

    def made() -> list[Area]:
        return [place.area(ring) for ring in wanted]

    if sum(map(shapely.get_num_coordinates, shapes)) * VERTEX_BYTES <= INLINE_BYTES:
        return made()
    return await asyncio.to_thread(made)


class _OfAlert(NamedTuple):
    """Where an alert is, and the areas of its rings that were asked for."""

    place: Place
    areas: dict[RingShape, Area]


class Areas:
    """The areas of alerts' rings."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._alerts: OrderedDict[tuple[UUID, int], _OfAlert] = OrderedDict()

    async def area(self, alert_id: UUID, ring: Shape, version: int = 1) -> Area:
        """Return a ring's area; one of `sql.database.UNAVAILABLE_ERRORS` when PostgreSQL is needed and away.

        `version`: of the alert's jurisdiction, which changes where an authority joins it. ValueError where the record
        holds what cannot be read.
        """
        shape = RingShape(ring.radius_km, ring.city, ring.longitude, ring.latitude)
        alert = await self._of_alert((alert_id, version))
        area = alert.areas.get(shape)
        if area is None:
            [made] = await areas_of(alert.place, [shape])
            area = alert.areas.setdefault(shape, made)
        return area

    async def _of_alert(self, key: tuple[UUID, int]) -> _OfAlert:
        if key not in self._alerts:
            row = await sql.rings.place_of(self._pool, key[0])
            is_small = len(row.city_polygon or b"") + len(row.jurisdiction or b"") <= INLINE_BYTES
            place = place_from(row) if is_small else await asyncio.to_thread(place_from, row)
            # Another one may have read it meanwhile.
            self._alerts.setdefault(key, _OfAlert(place, {}))
            if len(self._alerts) > ALERTS_MAX:
                self._alerts.popitem(last=False)
        self._alerts.move_to_end(key)
        return self._alerts[key]
