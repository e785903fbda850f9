"""Areas say who is a member: those in a circle or a city's polygon, within a jurisdiction if there is one.

An area also holds the Redis searches that find its members. Distances use Redis' own sphere (radius 6,372,797.560856 m,
haversine), so that both agree to within a metre; edges of polygons are straight in degrees, as in GeoJSON. Bounded by
the polygons' vertices (`geo.polygon.VERTICES_MAX`).
"""

from __future__ import annotations

from math import asin, cos, degrees, inf, radians, sin, sqrt
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from geo.polygon import PolygonError, polygons_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Degrees: TypeAlias = NDArray[np.float64]
    Mask: TypeAlias = NDArray[np.bool_]

EARTH_RADIUS_KM = 6372.797560856
INDEX_LATITUDE_MAX = 85.05112878
"""Beyond it Redis stores no position (Web Mercator's limit)."""

GRID_LATITUDE_MAX = 66.0
"""Up to it Redis' grid of nine cells covers a circle; Redis itself widens its cells from here on."""

ANTIMERIDIAN = 180.0
POLE = 90.0
EDGE_KM = 0.001
"""Redis rounds positions by less than a metre; a member that near an edge may fall on either side."""

BOX_MARGIN = 1.01
BOX_MIN_KM = 0.1
SEGMENT_DEGREES = 0.05
COVER_SLACK_KM = 0.02
"""Along an edge of 0.05 degrees, a line straight in degrees and a great circle differ by less than this."""

CIRCLE_POINTS = 180


class Bounds(msgspec.Struct, frozen=True):
    """A box in degrees that holds an area; `west` > `east` when it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def hold(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell which positions lie in the box."""
        after, before = longitudes >= self.west, longitudes <= self.east
        within = after & before if self.west <= self.east else after | before
        return within & (latitudes >= self.south) & (latitudes <= self.north)


class Circle(msgspec.Struct, frozen=True):
    """A circle on the sphere: degrees, kilometres."""

    longitude: float
    latitude: float
    radius_km: float

    def on_globe(self) -> Circle:
        """Return it; ValueError where there is no such circle on the globe, which Redis would answer no search of."""
        if not (abs(self.longitude) <= ANTIMERIDIAN and abs(self.latitude) <= POLE and 0 < self.radius_km < inf):
            raise ValueError("no circle on the globe")
        return self

    def leaves_grid(self) -> bool:
        """Tell whether the circle comes near a pole or crosses the antimeridian, where Redis' search misses people."""
        angle = self.radius_km / EARTH_RADIUS_KM
        if abs(self.latitude) + degrees(angle) > GRID_LATITUDE_MAX:
            return True
        half_width = degrees(asin(min(1.0, sin(angle) / cos(radians(self.latitude)))))
        return abs(self.longitude) + half_width >= ANTIMERIDIAN

    def contains(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position (degrees) whether it lies in the circle."""
        return self.distances_km(longitudes, latitudes) <= self.radius_km

    def distances_km(self, longitudes: Degrees, latitudes: Degrees) -> Degrees:
        """Return how far each position (degrees) is from the centre, in kilometres."""
        return distances_km(self.longitude, self.latitude, longitudes, latitudes)

    def bounds(self) -> Bounds:
        """Return a box that holds the circle."""
        height = degrees(self.radius_km / EARTH_RADIUS_KM)
        south, north = self.latitude - height, self.latitude + height
        if max(abs(south), abs(north)) >= POLE:
            return Bounds(-ANTIMERIDIAN, south, ANTIMERIDIAN, north)
        width = degrees(asin(min(1.0, sin(radians(height)) / cos(radians(self.latitude)))))
        west, east = self.longitude - width, self.longitude + width
        return Bounds((west + 180) % 360 - 180, south, (east + 180) % 360 - 180, north)

    def covers(self, shape: MultiPolygon) -> bool:
        """Tell whether the circle certainly holds the whole polygon."""
        edge = shapely.get_coordinates(shapely.segmentize(shape, SEGMENT_DEGREES))
        distances = distances_km(self.longitude, self.latitude, edge[:, 0], edge[:, 1])
        return bool(distances.max() <= self.radius_km - COVER_SLACK_KM)

    def lies_in(self, shape: MultiPolygon) -> bool:
        """Tell whether the polygon certainly holds the whole circle."""
        if self.leaves_grid():
            return False
        # A polygon through points a little outside of the circle holds all of it.
        reach_km = (self.radius_km + COVER_SLACK_KM) / cos(np.pi / CIRCLE_POINTS) * BOX_MARGIN
        bearings = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
        angle, latitude = reach_km / EARTH_RADIUS_KM, radians(self.latitude)
        latitudes = np.arcsin(sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * np.cos(bearings))
        east = np.sin(bearings) * sin(angle) * cos(latitude)
        longitudes = self.longitude + np.degrees(np.arctan2(east, cos(angle) - sin(latitude) * np.sin(latitudes)))
        return bool(shape.contains(Polygon(np.column_stack([longitudes, np.degrees(latitudes)]))))


class Box(msgspec.Struct, frozen=True):
    """A box as Redis searches it: centre in degrees, width and height in kilometres."""

    longitude: float
    latitude: float
    width_km: float
    height_km: float


class Area:
    """Where an audience is: in the circle or the city, and within the jurisdiction if there is one.

    ValueError where there is neither, or they cannot be used together. Areas of the same circle, city and
    jurisdiction are equal, whoever read them.
    """

    def __init__(
        self, circle: Circle | None = None, city: MultiPolygon | None = None, jurisdiction: MultiPolygon | None = None
    ) -> None:
        if circle is None and city is None:
            raise ValueError("an area needs a circle or a city")
        self.circle, self.city, self.jurisdiction = circle, city, jurisdiction
        self.searches_city = city is not None and not (circle is not None and circle.covers(city))
        self.limits_circle = jurisdiction is not None and circle is not None and not circle.lies_in(jurisdiction)
        reached = city
        if city is not None and jurisdiction is not None:
            try:
                reached = polygons_of(shapely.intersection(city, jurisdiction))
            except shapely.errors.GEOSException:
                raise PolygonError("the city cannot be limited to the jurisdiction: one of them is damaged") from None
        self.reached = reached
        for shape in (reached, jurisdiction):
            if shape is not None:
                shapely.prepare(shape)
        self.boxes = _boxes(reached) if self.searches_city and reached is not None else []
        self.searches = self._searches()
        self.leaves_grid = (circle is not None and circle.leaves_grid()) or any(
            abs(one.latitude) + degrees(one.height_km / 2 / EARTH_RADIUS_KM) > GRID_LATITUDE_MAX for one in self.boxes
        )

    def __eq__(self, other: object) -> bool:
        """Tell whether another one has the same circle, city and jurisdiction."""
        if not isinstance(other, Area):
            return NotImplemented
        return self is other or (
            (self.circle, self.city, self.jurisdiction) == (other.circle, other.city, other.jurisdiction)
        )

    def __hash__(self) -> int:
        """Return a hash that costs nothing of polygons: equal ones have as many vertices."""
        vertices = [
            None if shape is None else shapely.get_num_coordinates(shape) for shape in (self.city, self.jurisdiction)
        ]
        return hash((self.circle, *vertices))

    def _searches(self) -> list[tuple[bytes, ...]]:
        """Return the arguments of GEOSEARCH after the key, encoded once an area and not once a shard."""
        found: list[tuple[str | float, ...]] = []
        if self.circle is not None:
            place = ("FROMLONLAT", self.circle.longitude, self.circle.latitude)
            found.append((*place, "BYRADIUS", self.circle.radius_km, "km", *(["WITHHASH"] * self.limits_circle)))
        for one in self.boxes:
            place = ("FROMLONLAT", one.longitude, one.latitude)
            found.append((*place, "BYBOX", one.width_km, one.height_km, "km", "WITHHASH"))
        return [tuple(str(part).encode() for part in search) for search in found]

    def bounds(self) -> Bounds:
        """Return a box that holds all of the area, and perhaps more."""
        boxes = [] if self.reached is None or self.reached.is_empty else [Bounds(*self.reached.bounds)]
        if self.circle is not None:
            boxes.append(self.circle.bounds())
        if not boxes:
            return Bounds(0.0, 0.0, 0.0, 0.0)
        if any(one.west > one.east for one in boxes):
            west, east = -ANTIMERIDIAN, ANTIMERIDIAN
        else:
            west, east = min(one.west for one in boxes), max(one.east for one in boxes)
        return Bounds(west, min(one.south for one in boxes), east, max(one.north for one in boxes))

    def contains(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position (degrees) whether it lies in the area."""
        inside = np.zeros(len(longitudes), dtype=np.bool_)
        if self.circle is not None:
            inside |= self.in_circle(longitudes, latitudes)
        if self.searches_city:
            inside |= self.in_city(longitudes, latitudes)
        return inside

    def in_circle(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position whether it lies in the circle and within the jurisdiction."""
        if self.circle is None:
            return np.zeros(len(longitudes), dtype=np.bool_)
        return self.circle.contains(longitudes, latitudes) & self.permits(longitudes, latitudes)

    def permits(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position in the circle whether it lies within the jurisdiction."""
        if not self.limits_circle:
            return np.ones(len(longitudes), dtype=np.bool_)
        permitted: Mask = shapely.contains_xy(self.jurisdiction, longitudes, latitudes)
        return permitted

    def in_city(self, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position whether it lies in the city and within the jurisdiction."""
        inside: Mask = shapely.contains_xy(self.reached, longitudes, latitudes)
        return inside


def _boxes(shape: MultiPolygon) -> list[Box]:
    """Return boxes that hold a polygon, one on each side of the antimeridian."""
    west, _, east, _ = shape.bounds if not shape.is_empty else (0.0, 0.0, 0.0, 0.0)
    halves = [shape]
    if east - west > ANTIMERIDIAN:
        sides = (box(-ANTIMERIDIAN, -90, 0, 90), box(0, -90, ANTIMERIDIAN, 90))
        halves = [polygons_of(shapely.intersection(shape, side)) for side in sides]
    return [_box(half.bounds) for half in halves if not half.is_empty]


def _box(bounds: tuple[float, float, float, float]) -> Box:
    west, south, east, north = bounds
    longitude, latitude = (west + east) / 2, (south + north) / 2
    # Redis measures a width at the latitude of each member: the box is widest where it is nearest to the equator.
    widest = min(abs(south), abs(north)) if south * north > 0 else 0.0
    width_km = 2 * distance_km(longitude, widest, east, widest)
    height_km = 2 * distance_km(longitude, latitude, longitude, north)
    return Box(longitude, latitude, *(max(side * BOX_MARGIN, BOX_MIN_KM) for side in (width_km, height_km)))


def distances_km(longitude: float, latitude: float, longitudes: Degrees, latitudes: Degrees) -> Degrees:
    """Return the great-circle distances from one point to many, in kilometres (haversine)."""
    latitudes_rad = np.radians(latitudes)
    half_lat = np.sin((latitudes_rad - radians(latitude)) / 2)
    half_lon = np.sin(np.radians(longitudes - longitude) / 2)
    chord = half_lat**2 + cos(radians(latitude)) * np.cos(latitudes_rad) * half_lon**2
    result: Degrees = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return result


def distance_km(longitude_a: float, latitude_a: float, longitude_b: float, latitude_b: float) -> float:
    """Return the great-circle distance between two points, in kilometres (haversine)."""
    half_lat = sin(radians(latitude_b - latitude_a) / 2)
    half_lon = sin(radians(longitude_b - longitude_a) / 2)
    chord = half_lat**2 + cos(radians(latitude_a)) * cos(radians(latitude_b)) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
