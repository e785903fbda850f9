"""A grid over areas: tells who came into which of many areas, at a cost that hardly depends on how many there are.

Of each area the cells are known that lie in it for certain, and those at its rim. A position that stays in its cell is
held against areas only at their rims; one that moves, against those that hold its new cell and not the one before.
Bounded: `CELLS_MAX` cells an area, beyond which each position in its bounds is held against it; `STEPS_MAX` steps from
cell to cell are remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geo.area import ANTIMERIDIAN, POLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geo.area import Area, Degrees, Mask

    Cells = NDArray[np.int64]

CELLS_A_DEGREE: Final = 10
COLUMNS: Final = 360 * CELLS_A_DEGREE
ROWS: Final = 180 * CELLS_A_DEGREE
HALF_DIAGONAL_KM: Final = 7.9
"""No point of a cell is further from its centre, at any latitude."""

CELLS_MAX: Final = 100_000
STEPS_MAX: Final = 100_000
NOWHERE: Final = -1


def cells_of(longitudes: Degrees, latitudes: Degrees) -> Cells:
    """Return the cell of each position."""
    columns = np.floor((longitudes + ANTIMERIDIAN) * CELLS_A_DEGREE).astype(np.int64) % COLUMNS
    rows = np.floor((latitudes + POLE) * CELLS_A_DEGREE).astype(np.int64)
    return np.minimum(rows, ROWS - 1) * COLUMNS + columns


def cover(area: Area) -> tuple[Cells, Mask] | None:
    """Return the cells that may hold a part of an area, and which lie in it for certain; None: too many."""
    cells = _in_bounds(area)
    if cells is None:
        return None
    west, south = cells % COLUMNS / CELLS_A_DEGREE - ANTIMERIDIAN, cells // COLUMNS / CELLS_A_DEGREE - POLE
    side = 1 / CELLS_A_DEGREE
    # A little larger: a position at an edge may be computed into either cell.
    slack = side / 1000
    boxes = shapely.box(west - slack, south - slack, west + side + slack, south + side + slack)
    touched, held = np.zeros(cells.size, dtype=np.bool_), np.zeros(cells.size, dtype=np.bool_)
    if area.circle is not None:
        away_km = area.circle.distances_km(west + side / 2, south + side / 2)
        touched |= away_km <= area.circle.radius_km + HALF_DIAGONAL_KM
        held |= away_km <= area.circle.radius_km - HALF_DIAGONAL_KM
        if area.limits_circle:
            touched &= shapely.intersects(area.jurisdiction, boxes)
            held &= shapely.covers(area.jurisdiction, boxes)
    if area.searches_city:
        touched |= shapely.intersects(area.reached, boxes)
        held |= shapely.covers(area.reached, boxes)
    return cells[touched], held[touched]


def _in_bounds(area: Area) -> Cells | None:
    bounds = area.bounds()
    first, last = (int(np.floor((edge + ANTIMERIDIAN) * CELLS_A_DEGREE)) for edge in (bounds.west, bounds.east))
    width = last - first if bounds.west <= bounds.east else last + COLUMNS - first
    columns = (first - 1 + np.arange(min(width + 3, COLUMNS))) % COLUMNS
    low, high = (int(np.floor((edge + POLE) * CELLS_A_DEGREE)) for edge in (bounds.south, bounds.north))
    rows = np.arange(max(low - 1, 0), min(high + 2, ROWS))
    if rows.size * columns.size > CELLS_MAX:
        return None
    return np.add.outer(rows * COLUMNS, columns).ravel().astype(np.int64)


class Grid:
    """The cells of many areas."""

    _covers: ClassVar[WeakKeyDictionary[Area, tuple[Cells, Mask] | None]] = WeakKeyDictionary()

    def __init__(self, areas: Sequence[Area]) -> None:
        self._areas = areas
        covers = [self._cover(area) for area in areas]
        self._wide = [number for number, one in enumerate(covers) if one is None]
        owners = [np.full(one[0].size, number) for number, one in enumerate(covers) if one is not None]
        cells = np.concatenate([one[0] for one in covers if one is not None] or [np.empty(0, dtype=np.int64)])
        held = np.concatenate([one[1] for one in covers if one is not None] or [np.empty(0, dtype=np.bool_)])
        order = np.argsort(cells, kind="stable")
        self._owners = np.concatenate(owners or [np.empty(0, dtype=np.int64)])[order]
        self._held = held[order]
        self._cells, self._starts = np.unique(cells[order], return_index=True)
        self._has_rim = np.logical_or.reduceat(~self._held, self._starts) if cells.size else np.empty(0, dtype=np.bool_)
        self._steps: dict[int, tuple[int, ...]] = {}

    def _cover(self, area: Area) -> tuple[Cells, Mask] | None:
        if area not in self._covers:
            self._covers[area] = cover(area)
        return self._covers[area]

    def entered(
        self, before: tuple[Degrees, Degrees], known: Mask, now: tuple[Degrees, Degrees]
    ) -> Iterator[tuple[int, Cells]]:
        """Yield the number of each area that positions (degrees) came into, and which these are.

        A position came in when it is inside now, and was not inside `before`, or nobody knows (`known`) where it was.
        """
        for number, candidates in self._candidates(before, known, now).items():
            area = self._areas[number]
            rows = candidates[area.contains(now[0][candidates], now[1][candidates])]
            was_inside = known[rows]
            if was_inside.any():
                was_inside &= area.contains(before[0][rows], before[1][rows])
            if not was_inside.all():
                yield number, rows[~was_inside]

    def _candidates(
        self, before: tuple[Degrees, Degrees], known: Mask, now: tuple[Degrees, Degrees]
    ) -> dict[int, Cells]:
        """Return which positions are to be held against which areas."""
        found: dict[int, list[Cells]] = {}
        places = self._places(cells_of(*now))
        rows = np.flatnonzero(places >= 0)
        if rows.size:
            # Where nothing is known, or in no cell of an area: outside of all of them.
            came_from = np.full(rows.size, NOWHERE, dtype=np.int64)
            asked = known[rows]
            came_from[asked] = self._places(cells_of(before[0][rows[asked]], before[1][rows[asked]]))
            to = places[rows]
            crossed = (came_from != to) | self._has_rim[to]
            rows, steps = rows[crossed], came_from[crossed] * self._cells.size + to[crossed]
            order = np.argsort(steps, kind="stable")
            edges = np.flatnonzero(np.diff(steps[order])) + 1
            for group in np.split(order, edges) if order.size else ():
                for number in self._areas_of(int(steps[group[0]])):
                    found.setdefault(number, []).append(rows[group])
        for number in self._wide:
            if (inside := np.flatnonzero(self._areas[number].bounds().hold(*now))).size:
                found[number] = [inside]
        return {number: np.concatenate(parts) for number, parts in found.items()}

    def _places(self, cells: Cells) -> Cells:
        """Return where in the list of cells each of these is, `NOWHERE` for those that no area touches."""
        if not self._cells.size:
            return np.full(cells.size, NOWHERE, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._cells, cells), self._cells.size - 1)
        return np.where(self._cells[places] == cells, places, NOWHERE)

    def _areas_of(self, step: int) -> tuple[int, ...]:
        """Return the areas into which a step from one cell to another may lead."""
        known = self._steps.get(step)
        if known is not None:
            return known
        came_from, to = divmod(step, self._cells.size)
        owners, held = self._of(to)
        leads = set(owners.tolist() if came_from != to else owners[~held].tolist())
        if came_from != NOWHERE:
            owners, held = self._of(came_from)
            leads -= set(owners[held].tolist())
        if len(self._steps) >= STEPS_MAX:
            self._steps.clear()
        self._steps[step] = tuple(sorted(leads))
        return self._steps[step]

    def _of(self, place: int) -> tuple[Cells, Mask]:
        end = self._starts[place + 1] if place + 1 < self._starts.size else self._owners.size
        part = slice(self._starts[place], end)
        return self._owners[part], self._held[part]
