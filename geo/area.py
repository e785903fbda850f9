"""Areas: a centre and a radius flow in, exact membership of positions flows out.

The sphere is Redis' own (radius 6,372,797.560856 m, haversine), so that both agree to within a metre.
"""

from __future__ import annotations

from math import asin, cos, degrees, radians, sin, sqrt
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARTH_RADIUS_KM = 6372.797560856
INDEX_LATITUDE_MAX = 85.05112878
"""Beyond it Redis stores no position (Web Mercator's limit)."""

GRID_LATITUDE_MAX = 66.0
"""Up to it Redis' grid of nine cells covers a circle; Redis itself widens its cells from here on."""


ANTIMERIDIAN = 180.0


class Circle(msgspec.Struct, frozen=True):
    """A circle on the sphere: degrees, kilometres."""

    longitude: float
    latitude: float
    radius_km: float

    def leaves_grid(self) -> bool:
        """Tell whether the circle comes near a pole or crosses the antimeridian, where Redis' search misses people."""
        angle = self.radius_km / EARTH_RADIUS_KM
        if abs(self.latitude) + degrees(angle) > GRID_LATITUDE_MAX:
            return True
        half_width = degrees(asin(min(1.0, sin(angle) / cos(radians(self.latitude)))))
        return abs(self.longitude) + half_width >= ANTIMERIDIAN

    def contains(self, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell for each position (degrees) whether it lies in the circle."""
        return distances_km(self.longitude, self.latitude, longitudes, latitudes) <= self.radius_km


def distances_km(
    longitude: float, latitude: float, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the great-circle distances from one point to many, in kilometres (haversine)."""
    latitudes_rad = np.radians(latitudes)
    half_lat = np.sin((latitudes_rad - radians(latitude)) / 2)
    half_lon = np.sin(np.radians(longitudes - longitude) / 2)
    chord = half_lat**2 + cos(radians(latitude)) * np.cos(latitudes_rad) * half_lon**2
    result: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return result


def distance_km(longitude_a: float, latitude_a: float, longitude_b: float, latitude_b: float) -> float:
    """Return the great-circle distance between two points, in kilometres (haversine)."""
    half_lat = sin(radians(latitude_b - latitude_a) / 2)
    half_lon = sin(radians(longitude_b - longitude_a) / 2)
    chord = half_lat**2 + cos(radians(latitude_a)) * cos(radians(latitude_b)) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
