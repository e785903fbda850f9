"""Outlines of areas, to be published or drawn: circles as polygons, and polygons with a bounded number of vertices.

A circle's corners lie on it, so that its straight sides lie inside. What is drawn decides nothing.
Bounded: `CORNERS` corners a circle, `VERTICES_MAX` vertices a polygon, drawn more coarsely where it needs more.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import TYPE_CHECKING, Final, NamedTuple

import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box

from geo.area import EARTH_RADIUS_KM
from geo.polygon import polygons_of

if TYPE_CHECKING:
    from geo.area import Circle

CORNERS: Final = 72
"""At 120 km the sides lie 0.1 km inside at most."""

VERTICES_MAX: Final = 500
"""Of one polygon: about one for every two pixels of its edge on a map as wide as a page."""

TOLERANCE_KM: Final = 0.25
"""How far a line may be drawn from where it is, at first; doubled until the bound holds."""

KM_PER_DEGREE: Final = 2 * pi * EARTH_RADIUS_KM / 360
DOUBLINGS_MAX: Final = 16
"""16,000 km: then any polygon is a few triangles."""

VERTICES_A_PART: Final = 5
"""A polygon has four points at least: of islands the largest are drawn."""

HALF_TURN: Final = 180.0
TURN: Final = 360.0
POLE: Final = 90.0


class Drawn(NamedTuple):
    """A polygon to draw, and how far its lines may be from where they are, kilometres."""

    shape: MultiPolygon
    tolerance_km: float


def outline(circle: Circle) -> Polygon:
    """Return the polygon within a circle on the sphere; the caller must keep away from the antimeridian."""
    latitude, angle = radians(circle.latitude), circle.radius_km / EARTH_RADIUS_KM
    corners: list[tuple[float, float]] = []
    for corner in range(CORNERS):
        bearing = 2 * pi * corner / CORNERS
        north = asin(sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * cos(bearing))
        east = atan2(sin(bearing) * sin(angle) * cos(latitude), cos(angle) - sin(latitude) * sin(north))
        corners.append((circle.longitude + degrees(east), degrees(north)))
    return Polygon(corners)


def drawn_circle(circle: Circle) -> MultiPolygon:
    """Return the polygon of a circle, cut at the antimeridian; near a pole the box that holds it."""
    if abs(circle.latitude) + degrees(circle.radius_km / EARTH_RADIUS_KM) >= POLE:
        bounds = circle.bounds()
        return MultiPolygon([box(-HALF_TURN, max(bounds.south, -POLE), HALF_TURN, min(bounds.north, POLE))])
    whole = outline(circle)
    parts: list[Polygon] = []
    for turns in (-1, 0, 1):
        window = box(-HALF_TURN + turns * TURN, -POLE, HALF_TURN + turns * TURN, POLE)
        inside = polygons_of(shapely.intersection(whole, window))
        parts += [translate(part, xoff=-turns * TURN) for part in inside.geoms]
    return MultiPolygon(parts)


def simplified(shape: MultiPolygon, vertices_max: int = VERTICES_MAX) -> Drawn:
    """Return a polygon with no more than `vertices_max` vertices, which has some where the whole one has some."""
    if shapely.get_num_coordinates(shape) <= vertices_max:
        return Drawn(shape, 0.0)
    tolerance_km, drawn = TOLERANCE_KM, shape
    for _ in range(DOUBLINGS_MAX):
        drawn = _largest(shapely.simplify(drawn, tolerance_km / KM_PER_DEGREE), vertices_max // VERTICES_A_PART)
        if shapely.get_num_coordinates(drawn) <= vertices_max:
            break
        tolerance_km *= 2
    if not shape.is_empty and not 0 < shapely.get_num_coordinates(drawn) <= vertices_max:
        drawn = MultiPolygon([box(*shape.bounds)])
    return Drawn(drawn, tolerance_km)


def _largest(shape: shapely.Geometry, parts_max: int) -> MultiPolygon:
    """Return the largest parts of a polygon, repaired where lines cross since it was simplified."""
    valid = shape if shapely.is_valid(shape) else shapely.make_valid(shape)
    parts = sorted(polygons_of(valid).geoms, key=lambda part: part.area, reverse=True)
    return MultiPolygon(parts[:parts_max])


def joined(*shapes: MultiPolygon | None) -> MultiPolygon:
    """Return what lies in any of these shapes."""
    return polygons_of(shapely.union_all([shape for shape in shapes if shape is not None]))


def common(shape: MultiPolygon, limit: MultiPolygon | None) -> MultiPolygon:
    """Return what of a shape lies within a limit, if there is one."""
    return shape if limit is None else polygons_of(shapely.intersection(shape, limit))
