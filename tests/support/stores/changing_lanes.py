"""Changing lanes: users, a lane and a place flow in, their reports flow out, as of now or of a minute ago.

Bounded by the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import asyncio as aioredis

from geo.connection import connect
from geo.index.devices import address
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tests.support.processes.deployment import Bench
    from tests.support.providers.lanes import DeviceLane


async def report(
    bench: Bench, lane: str, users: NDArray[np.int64], place: tuple[float, float], devices: DeviceLane
) -> None:
    """Let users report from a place (degrees) in TPNS or in the lane of `devices`, where they have tokens."""
    client = connect(bench.redis_url)
    addresses = [address("zh-CN", devices.token_of(user)) if lane == devices.name else b"" for user in users.tolist()]
    number = len(users)
    columns = [place[0]] * number, [place[1]] * number, [now_ms()] * number
    await PositionIndex(client, ("tpns", devices.name)).record(Positions(lane, users.tolist(), *columns, addresses))
    await client.aclose()


async def a_minute_passes(bench: Bench) -> None:
    """Forget who changed lanes a moment ago, as Redis does by itself after a minute."""
    redis = aioredis.Redis.from_url(bench.redis_url)
    async for key in redis.scan_iter(match="moved:*", count=2048):
        await redis.delete(key)
    await redis.aclose()
