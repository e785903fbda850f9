"""Reads a jurisdiction, the polygon that limits the alerts of an authority, from GeoJSON, and shows it as GeoJSON.

An invalid one is refused, and never repaired into another shape or widened. Bounded: `VERTICES_MAX` and
`geo.polygon.CROSSINGS_MAX`: the polygon is read again with each webhook of its authority. What is drawn is simplified
by `geo.outline`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import shapely

from geo.outline import simplified
from geo.polygon import CROSSINGS_MAX, PolygonError, dump, read_geometry
from geo.union import united
from handlers.places import jurisdiction_of

VERTICES_MAX: Final = 1_000_000
"""About what the largest file holds."""

DECIMALS: Final = 5
"""About a metre."""


class JurisdictionError(Exception):
    """A jurisdiction cannot be used; the text says why."""


class Shown(msgspec.Struct, frozen=True):
    """A jurisdiction in numbers: polygons, vertices, and its bounds in degrees (west, south, east, north)."""

    polygons: int
    vertices: int
    bounds: tuple[float, float, float, float]


def read_jurisdiction(content: bytes) -> bytes:
    """Read a geometry, a feature or a collection of features as WKB; JurisdictionError when a part cannot be used."""
    try:
        tree = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise JurisdictionError(f"not GeoJSON: {type(error).__name__}") from None
    geometries = _geometries(tree)
    if not geometries:
        raise JurisdictionError("no geometry")
    try:
        shapes = [read_geometry(geometry, repairs=False) for geometry in geometries]
    except PolygonError as error:
        raise JurisdictionError(str(error)) from None
    if sum(map(shapely.get_num_coordinates, shapes)) > VERTICES_MAX:
        raise JurisdictionError(f"more than {VERTICES_MAX} vertices")
    union = united(shapes, CROSSINGS_MAX)
    if union is None:
        raise JurisdictionError(f"its polygons cross each other more than {CROSSINGS_MAX} times")
    return dump(union)


def _geometries(tree: Any) -> list[Any]:  # noqa: ANN401 - JSON
    if not isinstance(tree, dict):
        return []
    if tree.get("type") == "FeatureCollection":
        features = tree.get("features")
        features = features if isinstance(features, list) else []
        return [feature.get("geometry") if isinstance(feature, dict) else None for feature in features]
    return [tree.get("geometry") if tree.get("type") == "Feature" else tree]


def shown(jurisdiction: bytes) -> Shown:
    """Return a jurisdiction (WKB) in numbers."""
    shape = jurisdiction_of(jurisdiction)
    west, south, east, north = (round(bound, DECIMALS) for bound in shape.bounds)
    vertices = int(shapely.get_num_coordinates(shape))
    return Shown(int(shapely.get_num_geometries(shape)), vertices, (west, south, east, north))


def as_geojson(jurisdiction: bytes) -> bytes:
    """Return a jurisdiction (WKB) as GeoJSON, simplified for a map: never to be filed or compared with."""
    drawn = simplified(jurisdiction_of(jurisdiction))
    rounded = shapely.transform(drawn.shape, lambda points: points.round(DECIMALS))
    feature = {
        "type": "Feature",
        "properties": {"kind": "jurisdiction", "tolerance_km": drawn.tolerance_km},
        "geometry": msgspec.Raw(shapely.to_geojson(rounded).encode()),
    }
    return msgspec.json.encode({"type": "FeatureCollection", "features": [feature]})
