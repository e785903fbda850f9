"""Quotas: several processes together keep one rate, ramp up to it if configured, and stop when throttled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis import asyncio as aioredis

from geo.connection import connect
from push.transport.pace import BURST_S, Pace
from push.transport.quota import AHEAD_S, Quota, Quotas
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from server.embedded import StoreUrls

RATE_PER_S = 20_000
BATCH = 500
BATCHES = 20
PROCESSES = 3


async def _now_s(redis: aioredis.Redis) -> float:
    seconds, microseconds = await redis.time()
    return float(seconds) + float(microseconds) / 1e6


async def _paid_until_s(redis: aioredis.Redis, name: str = "fcm") -> float:
    return float(await redis.hget(f"quota:{name}", "at") or 0) / 1e6


async def test_processes_keep_one_rate_together(stores: StoreUrls, redis: aioredis.Redis) -> None:
    """Everything taken is within the rate, give or take one burst, whichever process took it; none runs ahead."""
    clients = [connect(stores.redis or "") for _ in range(PROCESSES)]
    before_s = await _now_s(redis)
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(_send(Pace(RATE_PER_S, Quota(client, "fcm"))))
    after_s, paid_until_s = await _now_s(redis), await _paid_until_s(redis)
    sent = PROCESSES * BATCHES * BATCH
    assert paid_until_s - before_s >= sent / RATE_PER_S - BURST_S
    assert after_s >= paid_until_s - BATCH / RATE_PER_S - 0.001
    for client in clients:
        await client.aclose()


async def _send(pace: Pace) -> None:
    for _ in range(BATCHES):
        await pace.take(BATCH)


async def test_a_fresh_start_grows_to_the_rate(redis: aioredis.Redis) -> None:
    """At the very beginning a batch takes twenty times as long as after the ramp."""
    quota = Quotas(redis).of("fcm", ramp_s=1000.0)
    before_s = await _now_s(redis)
    assert await quota.take(BATCH, RATE_PER_S, BURST_S) == 0
    assert await _paid_until_s(redis) - before_s >= 20 * BATCH / RATE_PER_S
    await redis.hset("quota:fcm", mapping={"at": str(int(before_s * 1e6)), "since": str(int((before_s - 1000) * 1e6))})
    await quota.take(BATCH, RATE_PER_S, BURST_S)
    assert await _paid_until_s(redis) - await _now_s(redis) <= BATCH / RATE_PER_S


async def test_one_process_that_is_throttled_holds_all(stores: StoreUrls, redis: aioredis.Redis) -> None:
    """Retry-After also holds for processes that did not receive it."""
    other = connect(stores.redis or "")
    throttled, innocent = Pace(RATE_PER_S, Quota(redis, "fcm")), Pace(RATE_PER_S, Quota(other, "fcm"))
    before_s = await _now_s(redis)
    await throttled.throttled(0.5)
    await innocent.take(BATCH)
    assert await _now_s(redis) >= before_s + 0.5
    await other.aclose()


async def test_nothing_far_ahead_is_taken_by_a_process_that_may_die(redis: aioredis.Redis) -> None:
    """A batch that would have to wait longer is left to whichever process asks at its time."""
    quota = Quota(redis, "fcm")
    await quota.hold(10 * AHEAD_S)
    paid_until_s = await _paid_until_s(redis)
    waiting = asyncio.create_task(quota.take(BATCH, RATE_PER_S, BURST_S))

    async def has_asked() -> bool:
        return bool((await redis.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0))

    await until(has_asked)
    assert await _paid_until_s(redis) == paid_until_s
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_without_redis_each_process_keeps_the_pace_by_itself() -> None:
    """The quota does not reply, and the lane goes on at its rate."""
    away = aioredis.Redis(port=9)
    quota = Quota(away, "fcm")
    assert await quota.take(BATCH, RATE_PER_S, BURST_S) is None
    await Pace(RATE_PER_S, quota).take(BATCH)
    await away.aclose()
