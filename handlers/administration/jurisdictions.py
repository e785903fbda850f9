"""Reads a jurisdiction, the polygon that limits the alerts of an authority, from GeoJSON, and shows it as GeoJSON.

An invalid one is refused, and never repaired into another shape or widened. Bounded: `VERTICES_MAX` and
`geo.polygon.CROSSINGS_MAX`: the polygon is read again with each webhook of its authority. What is shown is simplified
to `SHOWN_VERTICES_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import shapely

from geo.polygon import CROSSINGS_MAX, PolygonError, dump, load, read_geometry
from geo.union import united

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon

VERTICES_MAX: Final = 1_000_000
"""About what the largest file holds."""

SHOWN_VERTICES_MAX: Final = 2_000
FIRST_TOLERANCE_DEG: Final = 0.001
"""About a hundred metres; doubled until few enough vertices are left."""

DOUBLINGS_MAX: Final = 14
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
    shape = load(jurisdiction)
    west, south, east, north = (round(bound, DECIMALS) for bound in shape.bounds)
    vertices = int(shapely.get_num_coordinates(shape))
    return Shown(int(shapely.get_num_geometries(shape)), vertices, (west, south, east, north))


def as_geojson(authority: str, jurisdiction: bytes) -> bytes:
    """Return a jurisdiction (WKB) as a GeoJSON feature, simplified for a map: never to be filed or compared with."""
    geometry = msgspec.Raw(shapely.to_geojson(_simplified(load(jurisdiction))).encode())
    properties = {"authority": authority}
    return msgspec.json.encode({"type": "Feature", "geometry": geometry, "properties": properties})


def _simplified(shape: MultiPolygon) -> Any:  # noqa: ANN401 - shapely's geometries
    simple: Any = shape
    tolerance_deg = FIRST_TOLERANCE_DEG
    for _ in range(DOUBLINGS_MAX):
        if shapely.get_num_coordinates(simple) <= SHOWN_VERTICES_MAX:
            break
        simple, tolerance_deg = shapely.simplify(shape, tolerance_deg), tolerance_deg * 2
    return shapely.transform(simple, lambda points: points.round(DECIMALS))
