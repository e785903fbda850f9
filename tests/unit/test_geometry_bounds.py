"""Geometry that comes in is bounded before it is computed: vertices, crossings, cities, and whatever is no number."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

import geo.crossings
from geo.cities import CitiesError, read_cities
from geo.crossings import crossings
from geo.polygon import PolygonError, read_geometry
from geo.union import united
from handlers.cap.model import Area, Circle
from handlers.cap.values import VERTICES_MAX, Wrong, polygon
from handlers.cap.writing import document_of
from handlers.police.cap.places import CITIES_MAX, CROSSINGS_MAX
from handlers.police.cap.reception import ReceivedCase, receive_case
from server.administration.jurisdiction import read_jurisdiction
from server.settings import SettingsError
from tests.support.cap.messages import info, message
from tests.support.cap.shapes import coded, combed, combs, zigzag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from geo.crossings import Points
    from handlers.cap.model import Ring
    from handlers.http.problems import FieldError


def _received(*areas: Area) -> ReceivedCase | list[FieldError]:
    said = message("X-1", infos=(info("zh-CN", "寻找小明", *areas), info("en", "Ming is missing", *areas)))
    return receive_case(document_of(said), (), datetime.now(UTC))


def _boxes(many: int) -> Area:
    corners = [(110 + number * 0.01, 110 + number * 0.01 + 0.005) for number in range(many)]
    rings = tuple(((w, 22.0), (e, 22.0), (e, 22.1), (w, 22.1), (w, 22.0)) for w, e in corners)
    return Area(description="boxes", polygons=rings)


@pytest.mark.parametrize("teeth", [20, 60, 150, 249])
def test_combs_that_cross_each_other_are_refused_before_their_union_is_computed(
    teeth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many vertices as a message may have make a union of 250,000: it is known, and never begun."""
    monkeypatch.setattr(shapely, "union_all", pytest.fail)
    errors = _received(combed(teeth))
    assert isinstance(errors, list)
    assert [error.path for error in errors] == ["/alert/info[1]/area[1]/polygon"]
    assert f"more than {CROSSINGS_MAX} times" in errors[0].detail


def test_what_crosses_far_too_often_is_refused_after_a_few_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 62,000 crossings hardly more are looked at than may be: strangers send such for nothing."""
    held = list[int]()
    cross: Callable[[Points, Points, Points, Points], NDArray[np.bool_]] = vars(geo.crossings)["_cross"]

    def counted(a: Points, b: Points, c: Points, d: Points) -> NDArray[np.bool_]:
        held.append(len(a))
        return cross(a, b, c, d)

    monkeypatch.setattr(geo.crossings, "_cross", counted)
    assert isinstance(_received(combed(249)), list)
    assert CROSSINGS_MAX < sum(held) < 10 * CROSSINGS_MAX


def test_too_many_vertices_are_refused_before_any_geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one polygon and of all of a message; what is repeated in another language counts once."""
    monkeypatch.setattr(shapely, "from_geojson", pytest.fail)
    large: Ring = combs(VERTICES_MAX // 4 + 1)[0]
    assert isinstance(polygon(" ".join(f"{y},{x}" for x, y in large)), Wrong)
    monkeypatch.undo()
    fits = combs(VERTICES_MAX // 4 - 1)[0]
    assert isinstance(_received(Area(description="comb", polygons=(fits,))), ReceivedCase)
    errors = _received(Area(description="combs", polygons=combs(VERTICES_MAX // 8 + 2)))
    assert isinstance(errors, list)
    assert {error.path.split("/area")[1] for error in errors} == {"[1]/polygon[2]"}


def test_shapes_as_people_draw_them_are_united() -> None:
    """Overlapping ones, neighbours with one border, a hundred islands, and combs with few teeth."""
    for area, parts in ((_boxes(100), 100), (combed(10), 1)):
        received = _received(area)
        assert isinstance(received, ReceivedCase)
        assert received.case.place is not None
        assert received.case.place.polygon is not None
        assert len(received.case.place.polygon.geoms) == parts
    grid = [shapely.box(x, y, x + 1, y + 1) for x in range(10) for y in range(10)]
    assert crossings(grid, 0) == 0
    whole = united(grid, 0)
    assert whole is not None
    assert whole.equals(shapely.box(0, 0, 10, 10))


@pytest.mark.parametrize("teeth", [1, 2, 5, 9, 17])
def test_a_union_has_no_more_vertices_than_its_bound_says(teeth: int) -> None:
    """Those of its shapes, and two for each crossing; counted by other means, there are as many crossings."""
    shapes = [Polygon(ring) for ring in combs(teeth)]
    counted = crossings(shapes, 10**9)
    lines = [np.array([*zip(shape.exterior.coords, shape.exterior.coords[1:], strict=False)]) for shape in shapes]
    crossed = [np.asarray(shapely.linestrings(one)) for one in lines]
    assert counted >= int(shapely.crosses(crossed[0][:, None], crossed[1]).sum())
    union = united(shapes, counted)
    assert union is not None
    assert shapely.get_num_coordinates(union) <= sum(map(shapely.get_num_coordinates, shapes)) + 2 * counted
    assert united(shapes, counted - 1) is None


def test_edges_whose_boxes_all_overlap_are_held_against_each_other_in_parts() -> None:
    """Two zigzags of a thousand edges cross some hundred times: counted, and no more than asked for."""
    shapes = [Polygon(zigzag(800)), Polygon(zigzag(800, 0.0007))]
    found = crossings(shapes, 10**9)
    assert found > 0
    assert crossings(shapes, 0) <= found


def test_more_cities_than_a_province_has_are_refused() -> None:
    """Their union would be computed for everybody who asks."""
    errors = _received(coded(CITIES_MAX + 1))
    assert isinstance(errors, list)
    assert any("cities in all" in error.detail for error in errors)
    received = _received(coded(CITIES_MAX))
    assert isinstance(received, ReceivedCase)


def test_circles_by_the_thousand_are_refused_as_too_many() -> None:
    """Before any of them is looked at; two are one too many, too."""
    circles = tuple(Circle(114.0 + number / 1000, 22.5, 10.0) for number in range(301))
    errors = _received(Area(description="circles", circles=circles))
    assert isinstance(errors, list)
    assert ["at most" in error.detail for error in errors] == [True]
    errors = _received(Area(description="circles", circles=circles[:2]))
    assert isinstance(errors, list)
    assert "one centre" in errors[0].detail


@pytest.mark.parametrize(
    ("ring", "why"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)], "Self-intersection"),
        ([(179, 10), (179, 11), (-179, 11), (-179, 10), (179, 10)], "antimeridian"),
        ([(0, 0), (float("nan"), 1), (1, 0), (0, 0)], "cannot be read|out of range|invalid"),
        ([(0, 0), (float("inf"), 1), (1, 0), (0, 0)], "cannot be read|out of range|invalid"),
        ([(0, 0), (1, 91), (1, 0), (0, 0)], "out of range"),
    ],
)
def test_what_is_no_area_is_refused_wherever_it_comes_from(ring: list[tuple[float, float]], why: str) -> None:
    """Crossing itself, across the antimeridian, not a number, beyond the poles."""
    with pytest.raises(PolygonError, match=why):
        read_geometry({"type": "Polygon", "coordinates": [ring]}, repairs=False)


def test_a_ring_that_crosses_itself_too_often_is_not_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two combs as one ring: the repair would be as large as their union, and is never begun."""
    monkeypatch.setattr(shapely, "make_valid", pytest.fail)
    lying, standing = combs(150)
    with pytest.raises(PolygonError, match="crosses itself"):
        read_geometry({"type": "Polygon", "coordinates": [[*lying, *standing, lying[0]]]})


def test_combs_a_turn_apart_are_not_laid_over_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longitudes of 114 and -246 are one: what is cut there is joined only where that stays small."""
    monkeypatch.setattr(shapely, "union_all", pytest.fail)
    lying, standing = combs(150)
    turned = [(x - 360, y) for x, y in standing]
    with pytest.raises(PolygonError, match="around the globe"):
        read_geometry({"type": "MultiPolygon", "coordinates": [[lying], [turned]]}, repairs=False)


def _collection(*rings: Ring) -> dict[str, Any]:
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in rings]
    features = [{"type": "Feature", "properties": {"adcode": "440300"}, "geometry": shape} for shape in shapes]
    return {"type": "FeatureCollection", "features": features}


def test_a_jurisdiction_and_a_city_of_combs_are_refused(tmp_path: Path) -> None:
    """What an administrator gives is read again by the server: its union is bounded as well."""
    file = tmp_path / "combs.geojson"
    file.write_text(json.dumps(_collection(*combs(150))))
    with pytest.raises(SettingsError, match="cross each other"):
        read_jurisdiction(file)
    with pytest.raises(CitiesError, match=r"440300.*cross each other"):
        read_cities(file, "adcode", "")
    file.write_text(json.dumps(_collection(*combs(10))))
    assert read_jurisdiction(file)
    assert read_cities(file, "adcode", "").codes == ["440300"]
