"""Approximate a circle by a polygon that never reaches beyond it.

Its corners lie on the circle, so its straight sides lie inside. Bounded: `CORNERS` corners.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import TYPE_CHECKING, Final

from shapely.geometry import Polygon

from geo.area import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from geo.area import Circle

CORNERS: Final = 72


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
