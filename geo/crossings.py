"""Count how often edges of shapes cross, which bounds what an overlay of them becomes, before it is computed.

Bounded: counting stops at what a caller allows; `CHUNK_MAX` edges are held against all others at once, the first time
`CHUNK_MIN`, so that what crosses far too often is refused at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Rows = NDArray[np.int64]

CHUNK_MIN: Final = 8
CHUNK_MAX: Final = 256
"""With 4,000 edges at most a million pairs: some tens of megabytes."""

FLAT: Final = 1e-12
"""Relative to the edges' lengths, doubles tell the side of a point this exactly; nearer it counts as touching."""


def crossings(shapes: Sequence[shapely.Geometry], enough: int) -> int:
    """Return how often edges of different shapes cross or touch beside their ends; counting stops above `enough`."""
    return _count(*_meeting_edges(shapes), enough)


def own_crossings(shape: shapely.Geometry, enough: int) -> int:
    """Return how often edges of one shape cross or touch beside their ends; counting stops above `enough`."""
    starts, ends = _edges(shape)
    return _count(starts, ends, np.arange(len(starts)), enough)


def _count(starts: Points, ends: Points, owners: Rows, enough: int) -> int:
    """Count the crossings of edges that have different owners."""
    if not owners.size:
        return 0
    lines = np.atleast_1d(np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1))))
    tree, found, first, chunk = shapely.STRtree(lines), 0, 0, CHUNK_MIN
    while first < lines.size and found <= enough:
        one, other = tree.query(lines[first : first + chunk])
        one = one + first
        apart = (one < other) & (owners[one] != owners[other])
        one, other = one[apart], other[apart]
        found += int(_cross(starts[one], ends[one], starts[other], ends[other]).sum())
        first, chunk = first + chunk, min(2 * chunk, CHUNK_MAX)
    return found


def _meeting_edges(shapes: Sequence[shapely.Geometry]) -> tuple[Points, Points, Rows]:
    """Return start, end and shape of each edge that may cross one of another shape, by the boxes around both."""
    parts: list[tuple[Points, Points, Rows]] = []
    bounds = shapely.bounds(np.array(shapes, dtype=object))
    boxes = np.asarray(shapely.box(*bounds.T))
    meeting = shapely.STRtree(boxes).query(boxes)
    for number, shape in enumerate(shapes):
        others = meeting[1][(meeting[0] == number) & (meeting[1] != number)]
        if not others.size:
            continue
        start, end = _edges(shape)
        west, south = bounds[others, :2].min(axis=0)
        east, north = bounds[others, 2:].max(axis=0)
        low, high = np.minimum(start, end), np.maximum(start, end)
        near = (high >= (west, south)).all(axis=1) & (low <= (east, north)).all(axis=1)
        parts.append((start[near], end[near], np.full(int(near.sum()), number)))
    if not parts:
        return np.empty((0, 2)), np.empty((0, 2)), np.empty(0, dtype=np.int64)
    starts, ends, owners = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return starts, ends, owners


def _edges(shape: shapely.Geometry) -> tuple[Points, Points]:
    """Return start and end of each edge of a shape's rings."""
    points, rings = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    along = rings[1:] == rings[:-1]
    return points[:-1][along], points[1:][along]


def _cross(a: Points, b: Points, c: Points, d: Points) -> NDArray[np.bool_]:
    """Tell which edges a-b and c-d, whose boxes meet, cross or touch; edges that meet at their ends do neither."""
    same = [(one[:, 0] == other[:, 0]) & (one[:, 1] == other[:, 1]) for one in (a, b) for other in (c, d)]
    apart = (_side(a, b, c) * _side(a, b, d) > 0) | (_side(c, d, a) * _side(c, d, b) > 0)
    crosses: NDArray[np.bool_] = ~(apart | np.logical_or.reduce(same))
    return crosses


def _side(a: Points, b: Points, point: Points) -> Points:
    """Return on which side of a-b points lie: 1, -1, or 0 on it."""
    along, to = b - a, point - a
    side = along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]
    exact = FLAT * _longest(along) * _longest(to)
    return np.where(np.abs(side) <= exact, 0.0, np.sign(side))


def _longest(steps: Points) -> Points:
    """Return how far each step leads in the axis in which it leads farther."""
    return np.maximum(np.abs(steps[:, 0]), np.abs(steps[:, 1]))
