"""Let users change lanes: report from a place in another lane, and expire what Redis keeps of the change.

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

    from tests.support.processes.deployment import Deployment
    from tests.support.providers.lanes import DeviceLane


async def report(
    deployment: Deployment, lane: str, users: NDArray[np.int64], place: tuple[float, float], devices: DeviceLane
) -> None:
    """Report users at a place (degrees) in the TPNS lane, or with tokens in the lane of `devices`."""
    client = connect(deployment.redis_url)
    addresses = [address("zh-CN", devices.token_of(user)) if lane == devices.name else b"" for user in users.tolist()]
    number = len(users)
    columns = [place[0]] * number, [place[1]] * number, [now_ms()] * number
    await PositionIndex(client, ("tpns", devices.name)).record(Positions(lane, users.tolist(), *columns, addresses))
    await client.aclose()


async def expire_lane_changes(deployment: Deployment) -> None:
    """Delete the keys of users who changed lanes, which Redis itself expires after a minute."""
    redis = aioredis.Redis.from_url(deployment.redis_url)
    async for key in redis.scan_iter(match="moved:*", count=2048):
        await redis.delete(key)
    await redis.aclose()
