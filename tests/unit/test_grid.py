"""The grid over areas finds exactly who came in, as each position held against each area does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from geo.area import Area, Circle
from geo.grid import CELLS_MAX, Grid, cells_of, cover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = tuple[NDArray[np.float64], NDArray[np.float64]]

HERE = (114.05, 22.54)


def _star(longitude: float, latitude: float, size: float, points: int = 40) -> MultiPolygon:
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    reach = np.where(np.arange(points) % 2, size, size / 2)
    return MultiPolygon(
        [Polygon(np.column_stack([longitude + reach * np.cos(angles), latitude + reach * np.sin(angles)]))]
    )


def _areas(longitude: float, latitude: float) -> list[Area]:
    city = _star(longitude, latitude, 1.3)
    half = MultiPolygon([box(longitude - 3, latitude - 3, longitude + 0.111, latitude + 3)])
    return [
        Area(Circle(longitude, latitude, 120.0)),
        Area(Circle(longitude + 0.31, latitude - 0.2, 3.0)),
        Area(Circle(longitude, latitude, 40.0), city),
        Area(None, city),
        Area(None, city, half),
        Area(Circle(longitude, latitude, 90.0), None, half),
        Area(Circle(longitude, latitude, 2000.0)),
    ]


def _brute_force(areas: list[Area], before: Places, known: NDArray[np.bool_], now: Places) -> dict[int, set[int]]:
    found = {}
    for number, area in enumerate(areas):
        came = area.contains(*now) & ~(known & area.contains(*before))
        if came.any():
            found[number] = set(np.flatnonzero(came).tolist())
    return found


@pytest.mark.parametrize("place", [HERE, (179.9, -16.5), (-179.95, 10.0), (20.0, 64.5), (15.0, 78.2), (0.0, 0.0)])
@pytest.mark.parametrize("step", [0.0005, 0.05, 3.0])
def test_the_grid_equals_brute_force(place: tuple[float, float], step: float) -> None:
    """For residents, travellers and people of whom nothing is known; at the antimeridian and in the far north, too."""
    rng = np.random.default_rng(7)
    number = 4000
    before = place[0] + rng.normal(0, 1.5, number), np.clip(place[1] + rng.normal(0, 1.2, number), -85, 85)
    now = before[0] + rng.normal(0, step, number), np.clip(before[1] + rng.normal(0, step, number), -85, 85)
    before, now = ((((part[0] + 180) % 360) - 180, part[1]) for part in (before, now))
    known = rng.random(number) < 0.9
    areas = _areas(*place)
    found = {number: set(rows.tolist()) for number, rows in Grid(areas).entered(before, known, now)}
    assert found == _brute_force(areas, before, known, now)


def test_without_areas_nobody_enters() -> None:
    """An empty grid has an answer."""
    here = np.array([HERE[0]]), np.array([HERE[1]])
    assert [*Grid([]).entered(here, np.array([False]), here)] == []


def test_cells_that_are_certain_lie_in_the_area_wholly() -> None:
    """Random points of such a cell are inside; points of cells that are not touched are outside."""
    rng = np.random.default_rng(3)
    for area in _areas(*HERE)[:6]:
        found = cover(area)
        assert found is not None
        cells, held = found
        longitudes, latitudes = HERE[0] + rng.uniform(-2, 2, 50_000), HERE[1] + rng.uniform(-2, 2, 50_000)
        of = cells_of(longitudes, latitudes)
        inside = area.contains(longitudes, latitudes)
        assert inside[np.isin(of, cells[held])].all()
        assert not inside[~np.isin(of, cells)].any()


def test_a_huge_area_has_no_cells() -> None:
    """It is held against each position in its bounds instead, so that no area costs much memory."""
    assert cover(Area(Circle(*HERE, 2000.0))) is None
    found = cover(Area(Circle(*HERE, 500.0)))
    assert found is not None
    assert found[0].size < CELLS_MAX
