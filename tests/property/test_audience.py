"""The audience of a circle is exactly its members, anywhere on Earth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.area import INDEX_LATITUDE_MAX, Area, Circle, distances_km
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.shards import SHARDS, shard_of, shards_of
from tests.support.processes.deployment import reports_now

if TYPE_CHECKING:
    from redis import asyncio as aioredis

EDGE_KM = 0.001
PEOPLE = 300

centres = st.one_of(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    # Places where geohashes fail most easily: poles, the antimeridian, the equator and the index's own limit.
    st.sampled_from(
        [(0.0, 90.0), (12.0, -90.0), (180.0, 0.0), (-180.0, 51.0), (179.99, 66.0), (0.0, 85.05), (0.0, 0.0)]
    ),
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(centre=centres, radius_km=st.floats(0.05, 500), seed=st.integers(0, 2**32 - 1))
async def test_the_index_finds_exactly_those_within_the_radius(
    redis: aioredis.Redis, centre: tuple[float, float], radius_km: float, seed: int
) -> None:
    """Equal to a brute-force great-circle count, except for users within a metre of the edge."""
    await redis.flushall()
    rng = np.random.default_rng(seed)
    longitude, latitude = centre
    spread = radius_km / 111.2 * 2
    latitudes = np.clip(latitude + rng.uniform(-spread, spread, PEOPLE), -INDEX_LATITUDE_MAX, INDEX_LATITUDE_MAX)
    stretch = np.maximum(np.cos(np.radians(latitudes)), 0.01)
    longitudes = (longitude + rng.uniform(-spread, spread, PEOPLE) / stretch + 180) % 360 - 180
    users = rng.choice(1 << 40, PEOPLE, replace=False) + 1
    index = PositionIndex(redis, ("tpns",))
    await index.record(reports_now("tpns", users.tolist(), longitudes.tolist(), latitudes.tolist()))
    circle = Circle(longitude, latitude, radius_km)
    occupied = sorted(set(shards_of(users).tolist()))
    found = {int(user) async for found in index.stream("tpns", Area(circle), occupied) for user in found.users}
    distances = distances_km(longitude, latitude, longitudes, latitudes)
    certain = set(users[distances <= radius_km - EDGE_KM].tolist())
    possible = set(users[distances <= radius_km + EDGE_KM].tolist())
    assert certain <= found <= possible


async def test_every_shard_is_streamed_once_and_in_order(redis: aioredis.Redis) -> None:
    """A stream over all shards goes on from shard to shard, to the last one."""
    index = PositionIndex(redis, ("tpns",))
    shards = [found.shard async for found in index.stream("tpns", Area(Circle(0, 0, 1)), range(SHARDS))]
    assert shards == sorted(set(shards))
    assert shards[-1] == SHARDS - 1


async def test_a_user_is_in_one_lane_at_one_place(redis: aioredis.Redis) -> None:
    """After a report elsewhere or in another lane, a user is found only there; once forgotten, nowhere."""
    index = PositionIndex(redis, ("tpns", "other"))
    here, there = Area(Circle(114, 22, 1)), Area(Circle(10, 50, 1))
    moment = now_ms()

    async def found(lane: str) -> list[int]:
        return [len(users) for users in (await index.search(lane, [shard_of(7)], [here, there]))[0]]

    await index.record(Positions("tpns", [7], [114.0], [22.0], [moment - 3]))
    assert await found("tpns") == [1, 0]
    await index.record(Positions("tpns", [7], [10.0], [50.0], [moment - 2]))
    assert await found("tpns") == [0, 1]
    await index.record(Positions("other", [7], [10.0], [50.0], [moment - 1]))
    assert (await found("tpns"), await found("other")) == ([0, 0], [0, 1])
    assert await index.forget([7])
    assert await found("other") == [0, 0]
