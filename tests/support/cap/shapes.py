"""Shapes whose union is far larger than they are: two combs, whose teeth cross each other.

Bounded by the number of teeth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.cap.model import Area, Named

if TYPE_CHECKING:
    from handlers.cap.model import Ring

DIGITS = 4


def combs(teeth: int, west: float = 113.6, south: float = 22.2, side: float = 0.8) -> tuple[Ring, Ring]:
    """Return two combs (degrees) that cross each other about four times for each two of their teeth."""
    step, rim = side / (2 * teeth), side / 20
    lying = [(west - rim, south)]
    standing = [(west, south - rim)]
    for tooth in range(teeth):
        at = 2 * tooth * step
        y, x = south + at, west + at
        end = west + side + rim
        lying += [(end, y), (end, y + step), (west, y + step), (west, y + 2 * step)]
        end = south + side + rim
        standing += [(x, end), (x + step, end), (x + step, south), (x + 2 * step, south)]
    lying += [(west - rim, south + side), (west - rim, south)]
    standing += [(west + side, south - rim), (west, south - rim)]
    return _rounded(lying), _rounded(standing)


def combed(teeth: int) -> Area:
    """Return an area of two combs."""
    return Area(description="combs", polygons=combs(teeth))


def zigzag(points: int, shift: float = 0.0) -> Ring:
    """Return a ring whose long edges lie beside each other, so that the boxes around them all overlap."""
    ring: list[tuple[float, float]] = []
    for turn in range(points // 2):
        step = turn * 0.002
        ends = [(110 + shift, 20 + step), (112 + shift, 22 + step)]
        ring += ends if turn % 2 == 0 else ends[::-1]
    return _rounded([*ring, (109.9, 29.0), (109.9, 20.0), ring[0]])


def coded(codes: int) -> Area:
    """Return an area of so many cities, by their codes."""
    geocodes = tuple(Named("adcode", f"{440_000 + number}") for number in range(codes))
    return Area(description="cities", geocodes=geocodes)


def _rounded(points: list[tuple[float, float]]) -> Ring:
    return tuple((round(x, DIGITS), round(y, DIGITS)) for x, y in points)
