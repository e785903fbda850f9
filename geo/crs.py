"""Convert between the coordinate systems of maps in China (GCJ-02, BD-09) and WGS-84, which the index uses.

Every map service in China applies the shift of GCJ-02. Its makers do not publish the formula, but it is known and the
same in all open conversions. Both directions are vectorised. Bounded: `STEPS` steps of the inverse, each of which
makes the error about a hundred times smaller, so that the result is exact to well below a millimetre.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Degrees: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = tuple[Degrees, Degrees]

STEPS = 8
KRASOVSKY_A_M = 6_378_245.0
KRASOVSKY_E2 = 0.006_693_421_622_965_943
SHIFTED_LONGITUDES = (72.004, 137.8347)
SHIFTED_LATITUDES = (0.8293, 55.8271)
"""Map services shift only positions inside this box."""

BD09_FREQUENCY = np.pi * 3000.0 / 180.0
BD09_EAST, BD09_NORTH = 0.0065, 0.006


class Crs(enum.StrEnum):
    """The coordinate system of given coordinates."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(longitudes: Degrees, latitudes: Degrees, crs: Crs) -> Places:
    """Convert places given in `crs` to WGS-84 (degrees)."""
    if crs is Crs.BD09:
        longitudes, latitudes = _inverse(_gcj02_to_bd09, longitudes, latitudes)
    if crs is not Crs.WGS84:
        longitudes, latitudes = _inverse(_wgs84_to_gcj02, longitudes, latitudes)
    return longitudes, latitudes


def from_wgs84(longitudes: Degrees, latitudes: Degrees, crs: Crs) -> Places:
    """Convert WGS-84 places (degrees) to `crs`."""
    if crs is not Crs.WGS84:
        longitudes, latitudes = _wgs84_to_gcj02(longitudes, latitudes)
    if crs is Crs.BD09:
        longitudes, latitudes = _gcj02_to_bd09(longitudes, latitudes)
    return longitudes, latitudes


def _inverse(forward: Callable[[Degrees, Degrees], Places], longitudes: Degrees, latitudes: Degrees) -> Places:
    """Invert `forward` by fixed-point steps, which converge because the shift hardly changes within a few metres."""
    found_lon, found_lat = longitudes, latitudes
    for _ in range(STEPS):
        shifted_lon, shifted_lat = forward(found_lon, found_lat)
        found_lon, found_lat = found_lon + (longitudes - shifted_lon), found_lat + (latitudes - shifted_lat)
    return found_lon, found_lat


def _wgs84_to_gcj02(longitudes: Degrees, latitudes: Degrees) -> Places:
    shift_east_m, shift_north_m = _shift_m(longitudes - 105.0, latitudes - 35.0)
    latitudes_rad = np.radians(latitudes)
    flattened = 1.0 - KRASOVSKY_E2 * np.sin(latitudes_rad) ** 2
    radius_north_m = KRASOVSKY_A_M * (1.0 - KRASOVSKY_E2) / flattened**1.5
    radius_east_m = KRASOVSKY_A_M / np.sqrt(flattened) * np.cos(latitudes_rad)
    is_shifted = _within(longitudes, SHIFTED_LONGITUDES) & _within(latitudes, SHIFTED_LATITUDES)
    return (
        np.where(is_shifted, longitudes + np.degrees(shift_east_m / radius_east_m), longitudes),
        np.where(is_shifted, latitudes + np.degrees(shift_north_m / radius_north_m), latitudes),
    )


def _shift_m(east: Degrees, north: Degrees) -> Places:
    """Return the shift to the east and to the north in metres, of degrees from 105 E, 35 N."""
    both = 20.0 * np.sin(6.0 * np.pi * east) + 20.0 * np.sin(2.0 * np.pi * east)
    root, product = np.sqrt(np.abs(east)), east * north
    to_east = 300.0 + east + 2.0 * north + 0.1 * east**2 + 0.1 * product + 0.1 * root
    to_east += 2.0 / 3.0 * (both + _waves(east, 150.0, 300.0))
    to_north = -100.0 + 2.0 * east + 3.0 * north + 0.2 * north**2 + 0.1 * product + 0.2 * root
    to_north += 2.0 / 3.0 * (both + _waves(north, 160.0, 320.0))
    return to_east, to_north


def _waves(degrees: Degrees, long: float, longest: float) -> Degrees:
    turns = np.pi * degrees
    short: Degrees = 20.0 * np.sin(turns) + 40.0 * np.sin(turns / 3.0)
    return short + long * np.sin(turns / 12.0) + longest * np.sin(turns / 30.0)


def _gcj02_to_bd09(longitudes: Degrees, latitudes: Degrees) -> Places:
    radius = np.hypot(longitudes, latitudes) + 2e-5 * np.sin(latitudes * BD09_FREQUENCY)
    angle = np.arctan2(latitudes, longitudes) + 3e-6 * np.cos(longitudes * BD09_FREQUENCY)
    return radius * np.cos(angle) + BD09_EAST, radius * np.sin(angle) + BD09_NORTH


def _within(degrees: Degrees, bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return (degrees >= bounds[0]) & (degrees <= bounds[1])
