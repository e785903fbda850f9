"""Who asked to be forgotten stays forgotten when Redis comes back with an older state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment


async def test_an_older_state_of_redis_brings_nobody_back_who_was_forgotten(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """As an old file, or a replica that lagged: the user is removed again before an alert; who reports again is not."""
    await deployment.provider()
    inside = (await deployment.people(1_000)).tolist()
    server = await deployment.server()
    keys = [key async for key in redis.scan_iter(count=5000)]
    older = {key: await redis.dump(key) for key in keys}
    async with deployment.session() as session:
        for user in inside[:2]:
            async with session.delete(f"{server.url}/v1/users/{user}") as response:
                assert response.status == 204
    await redis.flushall()
    for key, value in older.items():
        assert value is not None
        await redis.restore(key, 0, value, replace=True)
    await deployment.place([inside[1]], 114.06, 22.55)
    server.end()
    server = await deployment.server()

    async def is_removed() -> bool:
        return "users.forgotten_again" in deployment.log.read_text(encoding="utf-8")

    await until(is_removed)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), np.array(inside[1:]))
