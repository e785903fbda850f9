"""Polygons and cities: usable ones are used exactly, all others are refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from geo.area import Area, Circle
from geo.cities import CitiesError, read_cities
from geo.polygon import GRID_DEG, PolygonError, coarse, dump, load, read_geometry
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SQUARE = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
SPIKE: list[list[float]] = [[0, 0], [0, 1], [0.5, 1], [0.5, 1.5], [0.5, 1], [1, 1], [1, 0], [0, 0]]


def _polygon(*rings: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def _file(folder: Path, geometry: dict[str, Any] | None, code: object = 440300) -> Path:
    feature = {"type": "Feature", "properties": {"adcode": code}, "geometry": geometry}
    file = folder / "cities.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return file


def test_a_polygon_across_the_antimeridian_is_cut_and_keeps_its_area() -> None:
    """Written with a jump from 179 to -179, or beyond 180: two parts, the same members."""
    jump = _polygon([[179, 0], [179, 1], [-179, 1], [-179, 0], [179, 0]])
    beyond = _polygon([[179, 0], [179, 1], [181, 1], [181, 0], [179, 0]])
    for geometry in (jump, beyond):
        shape = read_geometry(geometry)
        assert shape.area == pytest.approx(2.0)
        inside = shapely.contains_xy(shape, np.array([179.5, -179.5, 0.0, 178.9]), np.full(4, 0.5))
        assert inside.tolist() == [True, True, False, False]


def test_a_harmless_fault_is_repaired_and_an_ambiguous_one_is_refused() -> None:
    """A spike without an area may go; which half of a self-crossing polygon was meant is unknown."""
    assert read_geometry(_polygon(SPIKE)).area == pytest.approx(1.0)
    with pytest.raises(PolygonError, match="Self-intersection"):
        read_geometry(_polygon(BOW_TIE))
    with pytest.raises(PolygonError, match="invalid"):
        read_geometry(_polygon(SPIKE), repairs=False)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": "x"},
        _polygon([[0, 0], [1, 1]]),
        _polygon([[0, 0], [0, 100], [1, 100], [1, 0], [0, 0]]),
        _polygon(BOW_TIE),
    ],
    ids=["none", "a point", "empty", "text", "a line", "beyond the pole", "a bow tie"],
)
def test_a_city_without_a_usable_boundary_is_refused_by_name(tmp_path: Path, geometry: dict[str, Any] | None) -> None:
    """The configuration error names the city; the server does not start without its area."""
    with pytest.raises(CitiesError, match="440300"):
        read_cities(_file(tmp_path, geometry), "adcode", "")


def test_boundaries_without_codes_or_without_a_file_are_refused(tmp_path: Path) -> None:
    """A wrong property or path is an error, not a world without cities."""
    with pytest.raises(CitiesError, match="six digits"):
        read_cities(_file(tmp_path, _polygon(SQUARE), code="Shenzhen"), "adcode", "")
    with pytest.raises(CitiesError, match="No such file"):
        read_cities(tmp_path / "nothing", "adcode", "")


def test_the_shipped_boundaries_know_the_city_of_a_place() -> None:
    """375 cities, the invalid one repaired; places inside, and at sea."""
    cities = boundaries.cities()
    assert len(cities) == 375
    assert cities.at(114.0579, 22.5431) == "440300"
    assert cities.at(116.4074, 39.9042) == "110000"
    assert cities.at(130.0, 20.0) is None
    assert cities.distance_km("440300", 114.0579, 22.5431) == 0
    assert cities.distance_km("440300", 113.2644, 23.1291) == pytest.approx(68, abs=5)


def test_a_polygon_is_read_back_to_the_last_bit() -> None:
    """The record keeps exactly the polygon that the alert was filed with."""
    shape = boundaries.cities().polygon("500000")
    assert shape is not None
    assert shapely.equals_exact(load(dump(shape)), shape)
    with pytest.raises(PolygonError):
        load(b"garbage")


@pytest.mark.parametrize("corner", [(float("nan"), 0.0), (float("inf"), 0.0), (181.0, 0.0), (0.0, -91.0)])
def test_a_stored_polygon_that_lies_nowhere_on_the_globe_is_refused(corner: tuple[float, float]) -> None:
    """As all else that cannot be read: no search of such a one ever ends, and predicates fail on it."""
    wkb = shapely.to_wkb(MultiPolygon([Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])]))
    points = shapely.get_coordinates(shapely.from_wkb(wkb))
    points[1] = corner
    damaged = wkb[: -points.nbytes] + points.tobytes()
    with pytest.raises(ValueError, match="out of range"):
        load(damaged)


@pytest.mark.parametrize("circle", [(float("nan"), 0, 1), (181, 0, 1), (0, 91, 1), (0, 0, float("nan")), (0, 0, 0)])
def test_a_circle_that_lies_nowhere_on_the_globe_is_refused(circle: tuple[float, float, float]) -> None:
    """Redis would answer no search of it, however often it is asked."""
    with pytest.raises(ValueError, match="no circle"):
        Circle(*circle).on_globe()


def test_a_city_that_cannot_be_cut_to_its_jurisdiction_is_refused_as_a_value() -> None:
    """The area of a damaged alert is left out by whoever reads it, as a polygon is that is none."""
    city = [(0.1, 0.8), (0.8, 0.3), (0.5, 0.4), (0.7, 0.8), (0.1, 0)]
    jurisdiction = [(0.8, 0.4), (0.8, 0), (0.4, 0.7), (0.2, 0.9), (0.9, 0)]
    with pytest.raises(PolygonError, match="damaged"):
        Area(None, MultiPolygon([Polygon(city)]), MultiPolygon([Polygon(jurisdiction)]))


@given(
    west=st.floats(-180, 179.1),
    south=st.floats(-90, 89.1),
    width=st.floats(1e-6, 0.9),
    height=st.floats(1e-6, 0.9),
)
def test_a_coarse_shape_has_all_corners_on_the_grid_and_is_never_empty(
    west: float, south: float, width: float, height: float
) -> None:
    """Even if drawn around a house: a valid area within a kilometre or so, which identifies no house."""
    drawn = MultiPolygon([box(west, south, west + width, south + height)])
    left = coarse(drawn)
    assert left.is_valid
    assert left.area > 0
    assert np.abs(np.array(left.bounds)).max() <= 180
    assert max(abs(left.bounds[1]), abs(left.bounds[3])) <= 90
    corners = shapely.get_coordinates(left)
    assert np.abs(corners / GRID_DEG - np.round(corners / GRID_DEG)).max() < 1e-6
    assert np.abs(np.array(left.bounds) - np.array(drawn.bounds)).max() <= GRID_DEG * (1 + 1e-6)
