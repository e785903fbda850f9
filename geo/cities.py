"""Cities, read from a GeoJSON file of boundaries: finds a city's polygon, and the city in which a place lies.

Boundaries are taken as WGS-84. Bounded: `FILE_BYTES` of file, `CITIES_MAX` features; read once, at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import shapely

from geo.area import distances_km
from geo.polygon import CROSSINGS_MAX, PolygonError, read_geometry
from geo.union import united

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shapely.geometry import MultiPolygon

FILE_BYTES = 512 * 1024 * 1024
CITIES_MAX = 100_000
ADCODE_DIGITS = 6
SEGMENT_DEGREES = 0.01


class CitiesError(Exception):
    """A file of boundaries cannot be used; the text says why and names the city."""


class _Feature(msgspec.Struct):
    geometry: dict[str, Any] | None
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_Feature]


class Cities:
    """Known cities, by administrative division code (six digits)."""

    def __init__(self, polygons: Mapping[str, MultiPolygon]) -> None:
        self._polygons = dict(polygons)
        self._codes = list(self._polygons)
        self._tree = shapely.STRtree(list(self._polygons.values()))
        for shape in self._polygons.values():
            shapely.prepare(shape)
        self.vertices_max = max(map(shapely.get_num_coordinates, self._polygons.values()), default=0)
        """Of the largest boundary."""

    def __len__(self) -> int:
        return len(self._polygons)

    def __contains__(self, city: object) -> bool:
        return city in self._polygons

    @property
    def codes(self) -> list[str]:
        """All codes, sorted."""
        return sorted(self._codes)

    def polygon(self, city: str) -> MultiPolygon | None:
        """Return a city's boundary, or None for an unknown city."""
        return self._polygons.get(city)

    def at(self, longitude: float, latitude: float) -> str | None:
        """Return the city at a place (degrees), or None; where two overlap, the one with the lower code."""
        found = self._tree.query(shapely.Point(longitude, latitude), predicate="intersects")
        return min((self._codes[row] for row in found.tolist()), default=None)

    def within(self, west: float, south: float, east: float, north: float, limit: int) -> list[str]:
        """Return the codes of cities whose boundaries touch a box (degrees): `limit` at most, the largest first."""
        found = self._tree.query(shapely.box(west, south, east, north), predicate="intersects")
        rows = sorted(found.tolist(), key=lambda row: (-self._polygons[self._codes[row]].area, row))
        return [self._codes[row] for row in rows[:limit]]

    def distance_km(self, city: str, longitude: float, latitude: float) -> float:
        """Return the distance from a place to a known city, 0 inside it; exact to about a kilometre."""
        shape = self._polygons[city]
        if shapely.contains_xy(shape, longitude, latitude):
            return 0.0
        edge = shapely.get_coordinates(shapely.segmentize(shape, SEGMENT_DEGREES))
        return float(distances_km(longitude, latitude, edge[:, 0], edge[:, 1]).min())


def read_cities(path: Path, adcode_property: str, adcode_prefix: str) -> Cities:
    """Read a file of boundaries; CitiesError names the city whose boundary cannot be used."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise CitiesError(f"{path}: more than {FILE_BYTES} bytes")
        collection = msgspec.json.decode(path.read_bytes(), type=_Collection)
    except OSError as error:
        raise CitiesError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise CitiesError(f"{path}: not a GeoJSON FeatureCollection: {error}") from None
    if not 0 < len(collection.features) <= CITIES_MAX:
        raise CitiesError(f"{path}: {len(collection.features)} features; 1 to {CITIES_MAX} are read")
    parts: dict[str, list[MultiPolygon]] = {}
    for number, feature in enumerate(collection.features):
        code = _code(feature, adcode_property, adcode_prefix)
        if code is None:
            continue
        try:
            parts.setdefault(code, []).append(read_geometry(feature.geometry))
        except PolygonError as error:
            raise CitiesError(f"{path}: city {code} (feature {number}): {error}") from None
    if not parts:
        raise CitiesError(f"{path}: no feature has six digits after {adcode_prefix!r} in {adcode_property!r}")
    return Cities({code: _joined(shapes, f"{path}: city {code}") for code, shapes in parts.items()})


def _joined(shapes: list[MultiPolygon], where: str) -> MultiPolygon:
    joined = shapes[0] if len(shapes) == 1 else united(shapes, CROSSINGS_MAX)
    if joined is None:
        raise CitiesError(f"{where}: its parts cross each other more than {CROSSINGS_MAX} times")
    return joined


def _code(feature: _Feature, adcode_property: str, adcode_prefix: str) -> str | None:
    """Return a feature's code, or None for a feature that is not a city (files also hold borders and islands)."""
    code = str((feature.properties or {}).get(adcode_property, "")).strip().removeprefix(adcode_prefix)
    return code if len(code) == ADCODE_DIGITS and code.isascii() and code.isdigit() else None
