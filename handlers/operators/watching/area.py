"""The area of an alert as GeoJSON, to be drawn: its rings, its city, how far its authority reaches, boundaries around.

Lines are simplified: who is a member is decided by other numbers (`geo.area`). An officer reads the area of alerts of
the own authority only. Bounded: `VERTICES_MAX` a feature, `RINGS_OF_ALERT_MAX` rings, `BOUNDARIES_MAX` boundaries of
`BOUNDARY_VERTICES_MAX` vertices; `KEPT_MAX` drawings are kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec
import shapely
import structlog
from aiohttp import web
from shapely.geometry import MultiPolygon, Polygon

import sql.rings
from geo.area import Circle
from geo.outline import TOLERANCE_KM, common, drawn_circle, joined, simplified
from handlers.alert_answers import Answer
from handlers.http.requests import unknown_alert
from handlers.operators.alerts import readable
from push.fanout.areas import place_from
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from geo.cities import Cities
    from handlers.http.route import Call
    from push.fanout.areas import Place
    from sql.database import Pool
    from sql.progress import ListedAlert
    from sql.rings import PlaceRow, RingRow

GEO_JSON: Final = "application/geo+json"
BOUNDARIES_MAX: Final = 40
"""Cities around an alert: a province of China has about twenty."""

BOUNDARY_VERTICES_MAX: Final = 100
"""Around what matters a coarse line will do: forty of them are a page of their own."""

KEPT_MAX: Final = 64
"""Drawings of a few tens of kilobytes."""

DECIMALS: Final = 4
"""Of a degree: ten metres."""


class Geometry(Answer, frozen=True, kw_only=True):
    """A geometry of GeoJSON (RFC 7946)."""

    type: Literal["Point", "MultiPolygon"]
    coordinates: list[Any]


class AreaProperties(Answer, frozen=True, kw_only=True):
    """What a feature is: a ring, the place, the city, the jurisdiction, or a boundary around them.

    `ring` and `radius_km` (kilometres) of rings, `code` of boundaries; `tolerance_km`: how far its lines may be from
    where they are.
    """

    kind: Literal["ring", "place", "city", "jurisdiction", "boundary"]
    ring: int | None = None
    radius_km: float | None = None
    code: str | None = None
    tolerance_km: float = 0.0


class AreaFeature(Answer, frozen=True, kw_only=True):
    """One feature."""

    type: Literal["Feature"]
    properties: AreaProperties
    geometry: Geometry


class AreaCollection(Answer, frozen=True, kw_only=True):
    """The area of an alert: boundaries first, then jurisdiction and city, rings from far to near, places last."""

    type: Literal["FeatureCollection"]
    features: list[AreaFeature]


class Around(NamedTuple):
    """What is drawn beside rings: the codes of boundaries, and whether there is a city's and a jurisdiction."""

    codes: list[str]
    has_city: bool
    has_jurisdiction: bool


class Drawing(NamedTuple):
    """A drawing as GeoJSON, and what of it is no ring."""

    body: bytes
    around: Around


NOTHING: Final = msgspec.json.encode(AreaCollection(type="FeatureCollection", features=[]))

_log = structlog.get_logger("handlers.operators.watching.area")


class AlertArea:
    """`GET /v1/alerts/{id}/area`."""

    def __init__(self, pool: Pool, cities: Cities | None) -> None:
        self._pool = pool
        self._cities = cities
        self._kept: OrderedDict[tuple[UUID, int, str], Drawing] = OrderedDict()

    async def get(self, call: Call[Any]) -> web.Response:
        """Return the area, drawn once for each change of it."""
        alert = await readable(self._pool, call)
        if alert is None:
            return unknown_alert()
        drawing = await self._drawn(alert)
        response = web.Response(body=drawing.body, content_type=GEO_JSON)
        response.enable_compression()
        return response

    async def around(self, alert: ListedAlert) -> Around:
        """Return what is drawn of an alert beside its rings."""
        return (await self._drawn(alert)).around

    async def _drawn(self, alert: ListedAlert) -> Drawing:
        shapes = [(ring.ring, ring.radius_km, ring.city, ring.longitude, ring.latitude) for ring in alert.rings]
        place_key = (alert.longitude, alert.latitude, alert.child_deleted_at)
        key = (alert.id, alert.area_version, repr((shapes, place_key)))
        drawing = self._kept.get(key)
        if drawing is None:
            row = await sql.rings.place_of(self._pool, alert.id)
            drawing = await asyncio.to_thread(lambda: _drawing(row, alert, self._cities))
            self._kept[key] = drawing
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return drawing


def _drawing(row: PlaceRow, alert: ListedAlert, cities: Cities | None) -> Drawing:
    """Return the drawing of an alert: without a feature where the record holds what cannot be drawn."""
    try:
        return _draw(place_from(row), alert.rings, cities)
    except (*DECODE_ERRORS, shapely.errors.GEOSException) as error:
        # Whoever sends says so by the alarm `unreadable_data`; the rest of the alert's page is there.
        _log.error("area.unreadable", alert=str(alert.id), error=type(error).__name__)
        return Drawing(NOTHING, Around([], has_city=False, has_jurisdiction=False))


def _draw(place: Place, rings: Sequence[RingRow], cities: Cities | None) -> Drawing:
    """Return the drawing of an alert, as GeoJSON."""
    limit = None if place.jurisdiction is None else simplified(place.jurisdiction)
    city = None if place.boundary is None else simplified(place.boundary)
    features: list[AreaFeature] = []
    if limit is not None:
        features.append(_feature("jurisdiction", limit.shape, tolerance_km=limit.tolerance_km))
    if city is not None:
        features.append(_feature("city", city.shape, tolerance_km=city.tolerance_km))
    places: dict[tuple[float, float], AreaFeature] = {}
    if place.longitude is not None and place.latitude is not None:
        places[place.longitude, place.latitude] = _point(place.longitude, place.latitude)
    for ring in sorted(rings, key=lambda one: (-(one.radius_km or 0), -one.ring)):
        centre = (ring.longitude, ring.latitude) if ring.centre is not None else (place.longitude, place.latitude)
        circle = None
        if ring.radius_km is not None and centre[0] is not None and centre[1] is not None:
            circle = drawn_circle(Circle(centre[0], centre[1], ring.radius_km))
            places.setdefault((centre[0], centre[1]), _point(centre[0], centre[1]))
        within = city.shape if city is not None and ring.city else None
        if circle is None and within is None:
            continue
        reached = simplified(common(joined(circle, within), None if limit is None else limit.shape))
        features.append(_feature("ring", reached.shape, ring.ring, ring.radius_km, tolerance_km=reached.tolerance_km))
    boundaries = _boundaries(features, cities)
    around = Around([one.properties.code or "" for one in boundaries], city is not None, limit is not None)
    features = [*boundaries, *features, *places.values()]
    return Drawing(msgspec.json.encode(AreaCollection(type="FeatureCollection", features=features)), around)


def _boundaries(features: Sequence[AreaFeature], cities: Cities | None) -> list[AreaFeature]:
    """Return the configured boundaries around what is drawn."""
    shapes = [_shape(one) for one in features if one.properties.kind in {"ring", "city"}]
    if cities is None or not shapes:
        return []
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    found: list[AreaFeature] = []
    for code in cities.within(west, south, east, north, BOUNDARIES_MAX):
        polygon = cities.polygon(code)
        if polygon is not None:
            drawn = simplified(polygon, BOUNDARY_VERTICES_MAX)
            found.append(_feature("boundary", drawn.shape, code=code, tolerance_km=drawn.tolerance_km))
    return found


def _shape(feature: AreaFeature) -> MultiPolygon:
    parts = [Polygon(part[0], part[1:]) for part in feature.geometry.coordinates]
    return MultiPolygon(parts)


def _feature(
    kind: Literal["ring", "city", "jurisdiction", "boundary"],
    shape: MultiPolygon,
    ring: int | None = None,
    radius_km: float | None = None,
    code: str | None = None,
    tolerance_km: float = TOLERANCE_KM,
) -> AreaFeature:
    rounded = shapely.transform(shape, lambda points: points.round(DECIMALS))
    coordinates = json.loads(shapely.to_geojson(rounded))["coordinates"]
    return AreaFeature(
        type="Feature",
        properties=AreaProperties(kind=kind, ring=ring, radius_km=radius_km, code=code, tolerance_km=tolerance_km),
        geometry=Geometry(type="MultiPolygon", coordinates=coordinates),
    )


def _point(longitude: float, latitude: float) -> AreaFeature:
    return AreaFeature(
        type="Feature",
        properties=AreaProperties(kind="place"),
        geometry=Geometry(type="Point", coordinates=[longitude, latitude]),
    )
