"""A Redis that answers and refuses for long: each silence has its alarm, and is over by itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from push.alerts.watch.record_guard import KEY
from server.embedded import redis_user
from tests.support.alarms import alarms_of, until_alarmed, until_cleared
from tests.support.processes.processes import until
from tests.support.stores.refusals import refusing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


async def _is_ready(deployment: Deployment, server: Process) -> tuple[int, str]:
    async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
        return response.status, (await response.json())["stores"]["redis"]


@asynccontextmanager
async def _without_right(redis: aioredis.Redis, command: str) -> AsyncIterator[None]:
    """Take a right from the user of the servers, and give it back."""
    await redis.execute_command("ACL", "SETUSER", redis_user.NAME, f"-{command}")  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await redis.execute_command("ACL", "SETUSER", redis_user.NAME, f"+{command}")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("how", ["full", "no replicas", "read-only"])
async def test_a_redis_that_lost_its_data_and_takes_no_writes_is_alarmed_for_both(
    deployment: Deployment, redis: aioredis.Redis, how: str
) -> None:
    """No mark can be written, and the loss is said all the same; who reports again afterwards is notified."""
    await deployment.provider()
    await deployment.people(3_000)
    server = await deployment.server()
    await redis.flushall()
    async with refusing(redis, how):
        await deployment.file(server)
        await until_alarmed(deployment, server, "index_emptied", "index_refused")
        assert await _is_ready(deployment, server) == (503, "takes no writes")
    await until_cleared(deployment, server, "index_refused")
    assert await _is_ready(deployment, server) == (200, "ok")
    assert "index_emptied" in {one["kind"] for one in await alarms_of(deployment, server)}
    inside = await deployment.people(3_000)
    await deployment.pass_time(0.5)

    async def are_notified() -> bool:
        return (await deployment.reached()).size == inside.size

    await until(are_notified)
    assert np.array_equal(await deployment.reached(), inside)


@pytest.mark.parametrize("how", ["full", "no replicas", "read-only"])
async def test_a_redis_that_takes_no_writes_is_alarmed(deployment: Deployment, redis: aioredis.Redis, how: str) -> None:
    """Every report is answered 503 meanwhile, which the platform sees, and operators would not."""
    await deployment.provider()
    server = await deployment.server()
    async with refusing(redis, how):
        await until_alarmed(deployment, server, "index_refused")
        assert await _is_ready(deployment, server) == (503, "takes no writes")
        assert "index_emptied" not in {one["kind"] for one in await alarms_of(deployment, server)}
    await until_cleared(deployment, server, "index_refused")
    assert await _is_ready(deployment, server) == (200, "ok")


async def test_a_look_that_is_refused_keeps_no_other_from_its_alarm(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Without the right to INFO nobody sees evictions: that is said, and so is the loss of all data."""
    await deployment.provider()
    await deployment.people(1_000)
    server = await deployment.server()
    async with _without_right(redis, "info"):
        await redis.flushall()
        await until_alarmed(deployment, server, "index_emptied", "index_refused")
        # From the record, which is asked after INFO.
        await deployment.query("update index_epoch set emptied_at = null")
        await until_cleared(deployment, server, "index_emptied")
    await until_cleared(deployment, server, "index_refused")
    assert server.alive


async def test_a_guard_that_may_not_read_says_that_it_is_blind(deployment: Deployment, redis: aioredis.Redis) -> None:
    """Without the right to read how far the record was it is asked again, and operators know of it."""
    await deployment.provider()
    server = await deployment.server()

    async def is_said() -> bool:
        return KEY in {one["about"] for one in await alarms_of(deployment, server) if one["kind"] == "index_refused"}

    async with _without_right(redis, "hmget"):
        await until(is_said)
    await until_cleared(deployment, server, "index_refused")
    assert server.alive
