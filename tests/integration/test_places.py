"""Places: the city of a case, its jurisdiction, and implausible coordinates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from server.administration.file_case import send_case
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import Process, until
from tests.support.stores import boundaries
from tests.support.stores.boundaries import HONG_KONG, SHENZHEN

if TYPE_CHECKING:
    from pathlib import Path

SEEN: dict[str, Any] = CASE["last_seen"]
CITY_CENTRE = (114.0579, 22.5431)
IN_HONG_KONG = (114.17, 22.32)
IN_DONGGUAN = (113.75, 23.02)
IN_NORTH_CHONGQING = (108.4, 31.9)


def _seen(**changes: object) -> dict[str, Any]:
    return {name: value for name, value in {**SEEN, **changes}.items() if value is not None}


def _city_file(folder: Path, code: str) -> Path:
    shape = boundaries.cities().polygon(code)
    assert shape is not None
    file = folder / f"{code}.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)}))
    return file


async def _limit(deployment: Deployment, code: str) -> None:
    file = _city_file(deployment.folder, code)
    assert Process("authority", "limit", "sz", "--jurisdiction", str(file), env=deployment.env()).wait() == 0


async def _refused(deployment: Deployment, server: Process, **seen: object) -> str:
    status, answer = await deployment.file(server, last_seen=_seen(**seen))
    assert status == 422, answer
    assert (await deployment.query("select count(*) from alert"))[0][0] == 0
    return "; ".join(f"{error['path']} {error['detail']}" for error in answer["errors"])


async def test_the_city_is_found_from_the_place(deployment: Deployment) -> None:
    """If it is not given; the widest ring includes the city, and the answer names it."""
    server = await deployment.server(**boundaries.env())
    _, answer = await deployment.file(server)
    assert answer["alert"]["area"]["city"] == SHENZHEN
    assert [ring["city"] for ring in answer["alert"]["rings"]] == [False, False, True]


async def test_a_large_city_is_reached_beyond_the_circle(deployment: Deployment) -> None:
    """In Chongqing a user in the city but 270 km away is notified; one as far away elsewhere is not."""
    await deployment.provider()
    await deployment.place([1], *IN_NORTH_CHONGQING)
    await deployment.place([2], 103.8, 29.56)
    await deployment.place([3], 106.5, 29.5)
    server = await deployment.server(**boundaries.env())
    _, answer = await deployment.file(server, last_seen=_seen(longitude=106.5516, latitude=29.563))
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).tolist() == [1, 3]


async def test_a_city_code_alone_makes_the_city_the_area(deployment: Deployment) -> None:
    """Without coordinates: one ring, everybody inside and nobody outside."""
    await deployment.provider()
    await deployment.place([1], *CITY_CENTRE)
    await deployment.place([2], *IN_DONGGUAN)
    server = await deployment.server(**boundaries.env())
    _, answer = await deployment.file(server, last_seen=_seen(longitude=None, latitude=None, city=SHENZHEN))
    assert answer["alert"]["area"] == {"circle": None, "city": SHENZHEN}
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).tolist() == [1]


async def test_a_jurisdiction_is_applied_exactly(deployment: Deployment) -> None:
    """Limited to Shenzhen, its 120 km reach nobody in Hong Kong or Dongguan, late entrants included."""
    await deployment.provider()
    await _limit(deployment, SHENZHEN)
    rng = np.random.default_rng(11)
    places = np.column_stack([rng.uniform(113.7, 114.7, 400), rng.uniform(22.2, 23.0, 400)])
    for user, (longitude, latitude) in enumerate(places.tolist(), 1):
        await deployment.place([user], longitude, latitude)
    city = boundaries.cities().polygon(SHENZHEN)
    inside = (np.flatnonzero(shapely.contains_xy(city, places[:, 0], places[:, 1])) + 1).tolist()
    server = await deployment.server(**boundaries.env(), QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).tolist() == inside
    await deployment.place([1001], *CITY_CENTRE)
    await deployment.place([1002], *IN_HONG_KONG)

    async def notified() -> bool:
        return 1001 in (await deployment.reached()).tolist()

    await until(notified)
    assert (await deployment.reached()).tolist() == [*inside, 1001]


async def test_implausible_coordinates_are_refused_with_the_likely_error(deployment: Deployment) -> None:
    """Nothing is stored, and the answer says what the place looks like."""
    server = await deployment.server(**boundaries.env())
    assert "missing coordinates" in await _refused(deployment, server, longitude=0, latitude=0)
    assert "look swapped" in await _refused(deployment, server, longitude=22.5431, latitude=114.0579)
    assert "look swapped" in await _refused(deployment, server, longitude=43.8, latitude=87.6)
    assert "look swapped" in await _refused(deployment, server, longitude=43.8, latitude=87.6, city="650100")
    assert "no such city" in await _refused(deployment, server, longitude=None, latitude=None, city="990000")
    assert "one of both is wrong" in await _refused(deployment, server, city="110000")
    assert "belong together" in await _refused(deployment, server, longitude=None)
    assert "coordinates or a city" in await _refused(deployment, server, longitude=None, latitude=None)


async def test_a_place_outside_the_jurisdiction_is_refused(deployment: Deployment) -> None:
    """Limited to Hong Kong, an authority can file nothing in Shenzhen, neither by place nor by city."""
    await _limit(deployment, HONG_KONG)
    server = await deployment.server(**boundaries.env())
    assert "outside of the authority's jurisdiction" in await _refused(deployment, server)
    city_alone = await _refused(deployment, server, longitude=None, latitude=None, city=SHENZHEN)
    assert "outside of the authority's jurisdiction" in city_alone
    assert "look swapped" in await _refused(deployment, server, longitude=IN_HONG_KONG[1], latitude=IN_HONG_KONG[0])


async def test_values_that_are_no_numbers_are_refused(deployment: Deployment) -> None:
    """NaN and Infinity are no JSON; as text or null they are no coordinates."""
    server = await deployment.server()
    for bad in ("NaN", "Infinity", '"114.05"'):
        body = json.dumps({**CASE, "last_seen": {**SEEN, "longitude": 0.5}}).replace("0.5", bad).encode()

        status, _ = await send_case(server.url, "sz", deployment.secret, body)
        assert status == 422


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "FeatureCollection", "features": []},
        "no GeoJSON",
    ],
    ids=["a bow tie", "a point", "nothing", "text"],
)
async def test_an_invalid_jurisdiction_is_refused_and_changes_nothing(deployment: Deployment, geometry: object) -> None:
    """Never repaired into another shape, never ignored: the command exits with 2 and the limit stays."""
    await _limit(deployment, SHENZHEN)
    before = await deployment.query("select jurisdiction from authority")
    file = deployment.folder / "bad.geojson"
    file.write_text(json.dumps(geometry))
    assert Process("authority", "limit", "sz", "--jurisdiction", str(file), env=deployment.env()).wait() == 2
    assert await deployment.query("select jurisdiction from authority") == before


async def test_unusable_boundaries_stop_the_start_and_name_the_city(deployment: Deployment) -> None:
    """A city's broken boundary is a configuration error, and the server exits with 2."""
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    feature = {"type": "Feature", "properties": {"adcode": "440300"}, "geometry": bow_tie}
    file = deployment.folder / "cities.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    log = deployment.folder / "start.log"
    assert Process("serve", env=deployment.env(QQ_ALERT_CITIES__FILE=str(file)), log=log).wait() == 2
    assert "440300" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("longitude", "latitude", "word"),
    [(39.47, 75.99, "swapped"), (22.5431, 54.0, "outside of China"), (-0.1, 51.5, "outside of China")],
)
async def test_without_boundaries_a_city_code_is_still_checked_roughly(
    deployment: Deployment, longitude: float, latitude: float, word: str
) -> None:
    """Six digits of GB/T 2260 with a place that no such city has: one of the two is wrong."""
    server = await deployment.server()
    status, problem = await deployment.file(
        server, last_seen=_seen(longitude=longitude, latitude=latitude, city="653101", place=None)
    )
    assert (status, word in problem["errors"][0]["detail"]) == (422, True)
    status, answer = await deployment.file(server, last_seen=_seen(city="440300"))
    assert (status, len(answer["notes"])) == (202, 1), "the answer says what was not checked"
