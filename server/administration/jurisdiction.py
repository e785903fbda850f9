"""Reads a jurisdiction, the polygon that limits the alerts of an authority, from a GeoJSON file.

An invalid one is refused, and never repaired into another shape or widened. Bounded: `FILE_BYTES`, `VERTICES_MAX` and
`geo.polygon.CROSSINGS_MAX`: the polygon is read again with each webhook of its authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import shapely

from geo.polygon import CROSSINGS_MAX, PolygonError, dump, read_geometry
from geo.union import united
from server.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FILE_BYTES = 64 * 1024 * 1024
VERTICES_MAX = 1_000_000
"""About what the largest file holds."""


def read_jurisdiction(path: Path) -> bytes:
    """Read a geometry, a feature or a collection of features as WKB; SettingsError when any part cannot be used."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise SettingsError(f"{path}: more than {FILE_BYTES} bytes")
        tree = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: not GeoJSON: {type(error).__name__}") from None
    geometries = _geometries(tree)
    if not geometries:
        raise SettingsError(f"{path}: no geometry")
    try:
        shapes = [read_geometry(geometry, repairs=False) for geometry in geometries]
    except PolygonError as error:
        raise SettingsError(f"{path}: {error}") from None
    if sum(map(shapely.get_num_coordinates, shapes)) > VERTICES_MAX:
        raise SettingsError(f"{path}: more than {VERTICES_MAX} vertices")
    union = united(shapes, CROSSINGS_MAX)
    if union is None:
        raise SettingsError(f"{path}: its polygons cross each other more than {CROSSINGS_MAX} times")
    return dump(union)


def _geometries(tree: Any) -> list[Any]:  # noqa: ANN401 - JSON
    if not isinstance(tree, dict):
        return []
    if tree.get("type") == "FeatureCollection":
        features = tree.get("features")
        return [feature.get("geometry") if isinstance(feature, dict) else None for feature in features or ()]
    return [tree.get("geometry") if tree.get("type") == "Feature" else tree]
