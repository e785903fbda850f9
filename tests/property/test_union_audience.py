"""The audience of a city and a circle is exactly the members of either, within the jurisdiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from geo.area import Area, Circle
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.shards import shard_of
from geo.polygon import read_geometry
from tests.support.stores import boundaries
from tests.support.stores.boundaries import BAYINGOLIN, CHONGQING, HONG_KONG, SHENZHEN, ZHOUSHAN

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from redis import asyncio as aioredis
    from shapely.geometry.base import BaseGeometry

PEOPLE = 400
USERS = 50
METRE_DEGREES = 1.2e-5
RADIUS_KM = 6372.797560856

CITIES = (
    SHENZHEN,
    CHONGQING,
    BAYINGOLIN,
    ZHOUSHAN,
    HONG_KONG,
    "110000",
    "120000",
    "310000",
    "230100",
    "460200",
    "350200",
    "320100",
    "330100",
    "420100",
    "510100",
    "610100",
    "530100",
    "540100",
    "650100",
    "232700",
    "210200",
    "659006",
    "710000",
    "152500",
)
"""The largest city, islands, an invalid boundary, the far north, the far west, and harbours of many parts."""


def _great_circle_km(
    longitude: float, latitude: float, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return distances by another formula than the code's: from the angle between vectors."""

    def vectors(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
        east, north = np.radians(east), np.radians(north)
        return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])

    centre = vectors(np.array([longitude]), np.array([latitude]))
    others = vectors(longitudes, latitudes)
    angles = np.arctan2(np.linalg.norm(np.cross(centre, others), axis=1), others @ centre[0])
    result: NDArray[np.float64] = RADIUS_KM * angles
    return result


async def _compare(
    redis: aioredis.Redis,
    area: Area,
    city: BaseGeometry | None,
    jurisdiction: BaseGeometry | None,
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Put users into one shard, and compare a search with brute force."""
    longitudes, latitudes = places
    users = np.array([user for user in range(1, PEOPLE * 1100) if shard_of(user) == 0][: len(longitudes)])
    await redis.flushall()
    index = PositionIndex(redis, ("tpns",))
    at = [now_ms()] * len(users)
    await index.record(Positions("tpns", users.tolist(), longitudes.tolist(), latitudes.tolist(), at))
    ((members,),) = await index.search("tpns", [0], [area])
    found = [int(member) for member in members]
    assert len(found) == len(set(found)), "somebody was found twice"
    points = shapely.points(longitudes, latitudes)
    inside = np.zeros(len(users), dtype=bool)
    on_edge = np.zeros(len(users), dtype=bool)
    if area.circle is not None:
        distances = _great_circle_km(area.circle.longitude, area.circle.latitude, longitudes, latitudes)
        inside |= distances <= area.circle.radius_km
        on_edge |= np.abs(distances - area.circle.radius_km) <= 0.001
    if city is not None:
        inside |= shapely.contains(city, points)
        on_edge |= shapely.distance(shapely.boundary(city), points) <= METRE_DEGREES
    if jurisdiction is not None:
        inside &= shapely.contains(jurisdiction, points)
        on_edge |= shapely.distance(shapely.boundary(jurisdiction), points) <= METRE_DEGREES
    certain, possible = set(users[inside & ~on_edge].tolist()), set(users[inside | on_edge].tolist())
    assert certain <= set(found) <= possible


def _around(shape: BaseGeometry, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    west, south, east, north = shape.bounds
    margin = max(east - west, north - south) / 4
    latitudes = rng.uniform(max(south - margin, -85), min(north + margin, 85), PEOPLE)
    return (rng.uniform(west - margin, east + margin, PEOPLE) + 180) % 360 - 180, latitudes


@pytest.mark.parametrize("code", CITIES)
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32 - 1), radius_km=st.sampled_from([2.0, 30.0, 120.0, 500.0]))
async def test_a_real_city_and_a_circle_have_exactly_the_members_inside(
    redis: aioredis.Redis, code: str, seed: int, radius_km: float
) -> None:
    """Equal to shapely on the published boundary and a great circle, except within a metre of an edge."""
    rng = np.random.default_rng(seed)
    city = boundaries.cities().polygon(code)
    assert city is not None
    published = boundaries.as_published()[code]
    if not shapely.is_valid(published):
        published = shapely.buffer(published, 0)
    places = _around(published, rng)
    circle = Circle(float(places[0][0]), float(places[1][0]), radius_km)
    await _compare(redis, Area(circle, city), published, None, places)
    await _compare(redis, Area(None, city), published, None, places)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    longitude=st.floats(-180, 180),
    latitude=st.floats(-60, 60),
    size=st.floats(0.01, 8),
    limited=st.booleans(),
)
async def test_holes_parts_and_jurisdictions_have_exactly_the_members_inside(
    redis: aioredis.Redis, seed: int, longitude: float, latitude: float, size: float, *, limited: bool
) -> None:
    """Also across the antimeridian: holes are out, all parts are in, nothing beyond the jurisdiction."""
    rng = np.random.default_rng(seed)
    holed = Polygon(
        box(longitude - size, latitude - size, longitude + size, latitude + size).exterior,
        [box(longitude - size / 2, latitude - size / 2, longitude, latitude).exterior],
    )
    island = box(longitude + 1.5 * size, latitude, longitude + 2 * size, latitude + size)
    raw = MultiPolygon([holed, island])
    city = read_geometry(shapely.geometry.mapping(raw))
    limit = None
    if limited:
        half = box(longitude - size, latitude - size, longitude + size / 3, latitude + 2 * size)
        limit = read_geometry(shapely.geometry.mapping(half))
    places = _around(raw, rng)
    circle = Circle(float(places[0][0]), float(places[1][0]), float(rng.uniform(0.5, 200)))
    await _compare(redis, Area(circle, city, limit), city, limit, places)
    await _compare(redis, Area(None, city, limit), city, limit, places)


async def test_the_circle_of_shenzhen_stops_at_the_border_of_its_jurisdiction(redis: aioredis.Redis) -> None:
    """Limited to the city of Shenzhen, its 120 km circle reaches nobody in Hong Kong, and all of Shenzhen."""
    rng = np.random.default_rng(7)
    city, other = (boundaries.cities().polygon(code) for code in (SHENZHEN, HONG_KONG))
    assert city is not None
    assert other is not None
    area = Area(Circle(114.0579, 22.5431, 120.0), city, city)
    for shape in (city, other):
        await _compare(redis, area, city, city, _around(shape, rng))
