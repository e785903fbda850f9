"""Makes CAP areas of what an alert searches, never wider than that.

CAP's polygons have no holes, so a shape with holes is cut into parts without any. Rounding keeps shapes valid.
Bounded: `VERTICES_MAX` vertices; beyond them a shape is left out, and its city's code stands for it.
"""

from __future__ import annotations

import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from geo.polygon import polygons_of
from handlers.cap.model import Area, Circle, Named, Ring
from handlers.cap.writing import DEGREE_DIGITS

VERTICES_MAX = 1_150
"""At most 25 KiB of text: a document with it in two languages is within what our own reader takes."""

CUTS_MAX = 64
GEOCODE = "adcode"
GRID_DEGREES = 10.0**-DEGREE_DIGITS


def area_of(
    description: str, *, circle: Circle | None = None, shape: MultiPolygon | None = None, city: str | None = None
) -> Area:
    """Return the area of a circle, a shape and a city code (GB/T 2260), each where it is given."""
    rings = () if shape is None else rings_of(shape)
    return Area(
        description=description,
        polygons=rings,
        circles=() if circle is None else (circle,),
        geocodes=() if city is None else (Named(GEOCODE, city),),
    )


def rings_of(shape: MultiPolygon) -> tuple[Ring, ...]:
    """Return the rings of a valid shape, without holes; none at all when it is too large to be written."""
    if shapely.get_num_coordinates(shape) > VERTICES_MAX:
        return ()
    waiting = list(polygons_of(shapely.set_precision(MultiPolygon(shape), GRID_DEGREES)).geoms)
    whole: list[Polygon] = []
    for _ in range(CUTS_MAX + len(waiting)):
        if not waiting:
            break
        part = waiting.pop()
        if part.interiors:
            waiting += _cut(part)
        else:
            whole.append(part)
    rings = tuple(_ring(part) for part in whole)
    return () if waiting or sum(map(len, rings)) > VERTICES_MAX else rings


def _cut(part: Polygon) -> list[Polygon]:
    """Cut a polygon through the middle of a hole."""
    west, south, east, north = part.bounds
    at = round(part.interiors[0].centroid.x, DEGREE_DIGITS)
    halves = (box(west, south, at, north), box(at, south, east, north))
    cut = [shapely.intersection(part, half, grid_size=GRID_DEGREES) for half in halves]
    return [piece for shape in cut for piece in polygons_of(shape).geoms]


def _ring(part: Polygon) -> Ring:
    return tuple((round(x, DEGREE_DIGITS), round(y, DEGREE_DIGITS)) for x, y in part.exterior.coords)
