"""Read GeoJSON geometries as valid multipolygons in WGS-84 degrees, cut at the antimeridian.

A geometry whose repair would change who is inside is a `PolygonError`: bad geometry is refused, never widened.
Bounded: `VERTICES_MAX` vertices a geometry, `CROSSINGS_MAX` crossings where one is repaired or joined.
"""

from __future__ import annotations

import json
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box

from geo.crossings import crossings, own_crossings

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERTICES_MAX = 1_000_000
REPAIR_MAX = 0.01
"""A repair may change the area by this share at most: a self-crossing polygon, cut or filled, has other members."""

CROSSINGS_MAX = 20_000
"""Borders that were drawn twice cross each other this often at most; what is made of more may be as large as all edges
times all edges."""

GRID_DEG = 0.01
"""About a kilometre."""

CELLS_EAST, CELLS_NORTH = 18_000, 9_000
"""Cells of the grid from the prime meridian to the antimeridian, and from the equator to a pole."""

HALF_TURN, TURN = 180.0, 360.0
SLACK_DEG = 1e-9
"""What computing may add to a coordinate at the edge of the globe."""


class PolygonError(ValueError):
    """A geometry cannot be used; the text says why. A ValueError, as all else that is stored and cannot be read."""


def read_geometry(geometry: dict[str, Any] | None, *, repairs: bool = True) -> MultiPolygon:
    """Return a GeoJSON geometry (RFC 7946) as a valid multipolygon; PolygonError when it has none."""
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise PolygonError("not a Polygon or MultiPolygon")
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.GEOSException:
        raise PolygonError("the coordinates cannot be read") from None
    coordinates = shapely.get_coordinates(shape)
    if not len(coordinates):
        raise PolygonError("empty")
    if len(coordinates) > VERTICES_MAX:
        raise PolygonError(f"more than {VERTICES_MAX} vertices")
    if not np.isfinite(coordinates).all() or np.abs(coordinates[:, 1]).max() > HALF_TURN / 2:
        raise PolygonError("coordinates out of range: longitude comes first, in degrees")
    if np.abs(coordinates[:, 0]).max() > TURN:
        raise PolygonError("coordinates out of range: longitudes beyond 360 degrees")
    return _cut(_repaired(_unwrapped(shape, repairs=repairs), repairs=repairs))


def coarse(shape: MultiPolygon) -> MultiPolygon:
    """Round a shape to a grid of `GRID_DEG`, so that it identifies no house; if nothing is left, return its cells."""
    try:
        parts = [*shapely.get_parts(shapely.set_precision(shapely.make_valid(shape), GRID_DEG))]
    except shapely.errors.GEOSException:
        parts = []
    rough = [part for part in parts if isinstance(part, Polygon) and part.area > 0]
    if rough:
        return MultiPolygon(rough)
    west, south, east, north = (bound / GRID_DEG for bound in shape.bounds)
    # The last cell before the antimeridian or a pole includes that edge.
    west, south = min(floor(west), CELLS_EAST - 1), min(floor(south), CELLS_NORTH - 1)
    east, north = min(floor(east) + 1, CELLS_EAST), min(floor(north) + 1, CELLS_NORTH)
    return MultiPolygon([box(west * GRID_DEG, south * GRID_DEG, east * GRID_DEG, north * GRID_DEG)])


def polygons_of(shape: shapely.Geometry) -> MultiPolygon:
    """Return the parts of a geometry that have an area."""
    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if isinstance(part, Polygon)]
    return MultiPolygon([part for part in parts if part.area > 0])


def _unwrapped(shape: shapely.Geometry, *, repairs: bool) -> shapely.Geometry:
    """Undo jumps from 179 to -179 degrees along an edge; RFC 7946 asks for a cut there, but many files have none."""
    return MultiPolygon(
        [
            Polygon(
                _without_jumps(part.exterior, repairs=repairs),
                [_without_jumps(hole, repairs=repairs) for hole in part.interiors],
            )
            for part in shapely.get_parts(shape)
        ]
    )


def _without_jumps(ring: shapely.LinearRing, *, repairs: bool) -> NDArray[np.float64]:
    coordinates = np.asarray(shapely.get_coordinates(ring))
    jumps = np.diff(coordinates[:, 0], prepend=coordinates[:1, 0])
    if np.abs(jumps).max(initial=0) > HALF_TURN:
        if not repairs:
            raise PolygonError("an edge of more than 180 degrees: cut it at the antimeridian (RFC 7946)")
        coordinates[:, 0] = np.where(coordinates[:, 0] < 0, coordinates[:, 0] + TURN, coordinates[:, 0])
    return coordinates


def _repaired(shape: shapely.Geometry, *, repairs: bool) -> MultiPolygon:
    if shapely.is_valid(shape):
        return polygons_of(shape)
    if not repairs:
        raise PolygonError(f"invalid ({shapely.is_valid_reason(shape)})")
    if own_crossings(shape, CROSSINGS_MAX) > CROSSINGS_MAX:
        raise PolygonError(f"invalid: it crosses itself more than {CROSSINGS_MAX} times")
    repaired = polygons_of(shapely.make_valid(shape))
    before = sum(abs(Polygon(part.exterior).area) for part in shapely.get_parts(shape))
    if repaired.is_empty or abs(repaired.area - before) > REPAIR_MAX * before:
        raise PolygonError(f"invalid ({shapely.is_valid_reason(shape)}), and a repair would change whom it holds")
    return repaired


def _cut(shape: MultiPolygon) -> MultiPolygon:
    """Move the parts beyond 180 degrees to the other side of the antimeridian."""
    west, _, east, _ = shape.bounds
    if west >= -HALF_TURN and east <= HALF_TURN:
        return shape
    parts: list[shapely.Geometry] = []
    for turns in (-1, 0, 1):
        window = box(-HALF_TURN + turns * TURN, -90, HALF_TURN + turns * TURN, 90)
        inside = polygons_of(shapely.intersection(shape, window))
        parts += [translate(part, xoff=-turns * TURN) for part in inside.geoms]
    if crossings(parts, CROSSINGS_MAX) > CROSSINGS_MAX:
        raise PolygonError(f"around the globe it crosses itself more than {CROSSINGS_MAX} times")
    return polygons_of(shapely.union_all(parts))


def dump(shape: MultiPolygon) -> bytes:
    """Return a polygon as WKB, exact to the last bit."""
    return bytes(shapely.to_wkb(shape))


def load(wkb: bytes) -> MultiPolygon:
    """Return the polygon that `dump` wrote; PolygonError for anything else."""
    try:
        with np.errstate(invalid="ignore"):
            shape = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException:
        raise PolygonError("not a polygon of the record") from None
    if not isinstance(shape, MultiPolygon) or shape.is_empty:
        raise PolygonError("not a polygon of the record")
    # Not a number, or nowhere on the globe: searches and predicates fail on it later.
    if not (np.abs(shapely.get_coordinates(shape)) <= (HALF_TURN + SLACK_DEG, HALF_TURN / 2 + SLACK_DEG)).all():
        raise PolygonError("not a polygon of the record: coordinates out of range")
    return shape
