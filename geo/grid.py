"""A grid over areas: tells who came into which of many areas, at a cost that hardly depends on how many there are.

Of each area the cells are known that lie in it for certain, and those at its rim. A step from one cell to another leads
into the areas that touch the new cell, and do not hold the one before for certain: only against these a position is
held, all positions and areas at once. Bounded: `CELLS_MAX` cells an area, beyond which each position in its bounds is
held against it; `STEPS_MAX` steps are remembered.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geo.area import ANTIMERIDIAN, EARTH_RADIUS_KM, POLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geo.area import Area, Degrees, Mask

    Cells = NDArray[np.int64]

CELLS_A_DEGREE: Final = 20
COLUMNS: Final = 360 * CELLS_A_DEGREE
ROWS: Final = 180 * CELLS_A_DEGREE
HALF_DIAGONAL_KM: Final = 4.0
"""No point of a cell is further from its centre, at any latitude."""

CELLS_MAX: Final = 100_000
STEPS_MAX: Final = 200_000
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


class Steps:
    """Into which areas each step that was made leads, as one list with a part for each step."""

    def __init__(self) -> None:
        self._known = np.empty(0, dtype=np.int64)
        self._starts = np.empty(0, dtype=np.int64)
        self._counts = np.empty(0, dtype=np.int64)
        self._areas = np.empty(0, dtype=np.int64)

    def unknown(self, steps: Cells) -> list[int]:
        """Return the steps that were never made before."""
        made = np.unique(steps)
        unknown: list[int] = made[~np.isin(made, self._known, assume_unique=True)].tolist()
        return unknown

    def add(self, leads: dict[int, list[int]]) -> None:
        """Remember steps with the areas into which they lead."""
        if self._known.size + len(leads) > STEPS_MAX:
            Steps.__init__(self)
        known = np.concatenate([self._known, np.array([*leads], dtype=np.int64)])
        counts = np.array([len(areas) for areas in leads.values()], dtype=np.int64)
        starts = self._areas.size + np.cumsum(counts) - counts
        order = np.argsort(known)
        self._known = known[order]
        self._starts = np.concatenate([self._starts, starts])[order]
        self._counts = np.concatenate([self._counts, counts])[order]
        self._areas = np.concatenate([self._areas, np.array([*chain.from_iterable(leads.values())], dtype=np.int64)])

    def pairs(self, rows: Cells, steps: Cells) -> tuple[Cells, Cells]:
        """Return each row, whose step is known, with each area into which that leads."""
        places = np.searchsorted(self._known, steps)
        counts = self._counts[places]
        ends = np.cumsum(counts)
        of_row = np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - counts, counts)
        return np.repeat(rows, counts), self._areas[np.repeat(self._starts[places], counts) + of_row]


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
        self._steps = Steps()
        self._circles = Circles(areas)

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
        rows, numbers = self._candidates(before, known, now)
        inside = self._circles.contain(numbers, now[0][rows], now[1][rows])
        rows, numbers = rows[inside], numbers[inside]
        asked = np.flatnonzero(known[rows])
        came = np.ones(rows.size, dtype=np.bool_)
        came[asked] = ~self._circles.contain(numbers[asked], before[0][rows[asked]], before[1][rows[asked]])
        rows, numbers = rows[came], numbers[came]
        order = np.argsort(numbers, kind="stable")
        edges = np.flatnonzero(np.diff(numbers[order])) + 1
        for part in np.split(order, edges) if order.size else ():
            yield int(numbers[part[0]]), rows[part]

    def _candidates(
        self, before: tuple[Degrees, Degrees], known: Mask, now: tuple[Degrees, Degrees]
    ) -> tuple[Cells, Cells]:
        """Return the positions that are to be held against areas, each with the number of one."""
        places = self._places(cells_of(*now))
        rows = np.flatnonzero(places >= 0)
        # Where nothing is known, or in no cell of an area: outside of all of them.
        came_from = np.full(rows.size, NOWHERE, dtype=np.int64)
        asked = np.flatnonzero(known[rows])
        came_from[asked] = self._places(cells_of(before[0][rows[asked]], before[1][rows[asked]]))
        to = places[rows]
        crossed = (came_from != to) | self._has_rim[to]
        rows, steps = rows[crossed], came_from[crossed] * self._cells.size + to[crossed]
        if unknown := self._steps.unknown(steps):
            self._steps.add({step: self._leads(step) for step in unknown})
        parts = [self._steps.pairs(rows, steps)] if rows.size else []
        for number in self._wide:
            inside = np.flatnonzero(self._areas[number].bounds().hold(*now))
            parts.append((inside, np.full(inside.size, number)))
        empty = np.empty(0, dtype=np.int64)
        found = [np.concatenate(columns) for columns in zip(*parts, strict=True)] if parts else [empty, empty]
        return found[0], found[1]

    def _places(self, cells: Cells) -> Cells:
        """Return where in the list of cells each of these is, `NOWHERE` for those that no area touches."""
        if not self._cells.size:
            return np.full(cells.size, NOWHERE, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._cells, cells), self._cells.size - 1)
        return np.where(self._cells[places] == cells, places, NOWHERE)

    def _leads(self, step: int) -> list[int]:
        """Return the areas into which a step from one cell to another may lead."""
        came_from, to = divmod(step, self._cells.size)
        leads = set(self._owners[self._of(to)].tolist())
        if came_from != NOWHERE:
            part = self._of(came_from)
            leads -= set(self._owners[part][self._held[part]].tolist())
        return sorted(leads)

    def _of(self, place: int) -> slice:
        end = self._starts[place + 1] if place + 1 < self._starts.size else self._owners.size
        return slice(self._starts[place], end)


class Circles:
    """Many areas, whose circles positions are held against all at once."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self._areas = areas
        circles = [area.circle for area in areas]
        self._longitudes = np.array([0.0 if one is None else one.longitude for one in circles])
        self._latitudes = np.radians(np.array([0.0 if one is None else one.latitude for one in circles]))
        # The same as `geo.area.distances_km` and its comparison, without what is the same for all.
        angles = np.array([-1.0 if one is None else one.radius_km / EARTH_RADIUS_KM / 2 for one in circles])
        self._chords = np.where(angles < 0, -1.0, np.where(angles >= np.pi / 2, 2.0, np.sin(angles) ** 2))
        self._is_more = np.array([area.searches_city for area in areas], dtype=np.bool_)
        self._is_limited = np.array([area.limits_circle for area in areas], dtype=np.bool_)

    def contain(self, numbers: Cells, longitudes: Degrees, latitudes: Degrees) -> Mask:
        """Tell for each position (degrees) whether it lies in the area with that number."""
        latitudes_rad = np.radians(latitudes)
        centres = self._latitudes[numbers]
        half_lat = np.sin((latitudes_rad - centres) / 2)
        half_lon = np.sin(np.radians(longitudes - self._longitudes[numbers]) / 2)
        chords = half_lat**2 + np.cos(centres) * np.cos(latitudes_rad) * half_lon**2
        inside: Mask = chords <= self._chords[numbers]
        more = np.flatnonzero(np.where(inside, self._is_limited[numbers], self._is_more[numbers]))
        for number in np.unique(numbers[more]).tolist():
            rows = more[numbers[more] == number]
            inside[rows] = self._areas[number].contains(longitudes[rows], latitudes[rows])
        return inside
