"""Preferences hold whatever fails: processes that are killed, a Redis that lost or forgot things."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from geo.index import keys
from geo.index.shards import shard_of
from server.embedded import StoreUrls
from tests.support.alarms import alarms_of
from tests.support.processes.deployment import Deployment
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns
from tests.support.stores import cluster

if TYPE_CHECKING:
    from pathlib import Path

    from redis import asyncio as aioredis

    from tests.support.processes.processes import Process

PEOPLE: Final = 20_000
WORKERS: Final = 4
SOON: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}
BATCH: Final = 1000


async def _set(deployment: Deployment, server: Process, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 10_000):
        part = rows[start : start + 10_000]
        answer = await deployment.post(f"{server.url}/v1/preferences", part)
        assert answer == (200, {"accepted": len(part), "rejected": []})


async def test_what_is_set_during_a_send_is_honoured_by_both_processes_and_after_a_kill(
    deployment: Deployment,
) -> None:
    """Every worker of two servers holds a request; then half of all turn alerts off at one, and the other is killed.

    Nobody of them is told but who was in a request that had begun; nobody else is missed; and what a kill repeats is
    at most a batch a worker.
    """
    async with recording_tpns(deployment) as provider:
        inside = await deployment.people(PEOPLE)
        first, second = await deployment.server(**SOON), await deployment.server(**SOON)
        provider.gate.close_after(2)
        _, answer = await deployment.file(first)
        await provider.gate.holds(2 * WORKERS)
        off = inside[::2].tolist()
        await _set(deployment, first, [{"user": user, "off": True} for user in off])
        begun = len(provider.notified.begun)
        second.end(signal.SIGKILL)
        third = await deployment.server(**SOON)
        provider.gate.open()
        await deployment.sent(third, answer["alert"]["id"])
        (title,) = provider.notified.titles
        reached = provider.notified.of(title)
        told_against = np.intersect1d(reached, np.array(off))
        # Half of those whom the requests named that had begun: all of them, and nobody else, could be told.
        assert told_against.size <= (begun * provider.notified.largest(title) + 1) // 2 + WORKERS * BATCH // 2
        assert told_against.size < len(off) // 2
        assert np.array_equal(np.intersect1d(reached, inside[1::2]), inside[1::2])
        assert reached.size - np.unique(reached).size <= WORKERS * BATCH
        # Now that all is told, nobody who is off is, whatever passes come; who turns alerts on again is, once.
        before = provider.notified.of(title).size
        missed = np.setdiff1d(np.array(off), reached)
        await _set(deployment, third, [{"user": user} for user in missed[:50].tolist()])

        async def are_told() -> bool:
            return provider.notified.of(title).size == before + 50

        await until(are_told)
        assert np.array_equal(np.setdiff1d(provider.notified.of(title), reached), missed[:50])


async def test_nobody_in_the_queues_of_two_servers_is_told_against_what_one_of_them_took(
    deployment: Deployment,
) -> None:
    """All batches wait during an outage; set at one server, killed and started again: nobody is told, nobody twice."""
    await deployment.provider()
    inside = await deployment.people(PEOPLE)
    await deployment.switch_outage(on=True)
    patient = {**SOON, "QQ_ALERT_LEASE_S": "5"}
    first, second = await deployment.server(**patient), await deployment.server(**patient)
    _, answer = await deployment.file(first)

    async def wait() -> bool:
        waiting = [await deployment.lane_metric(one, "qq_alert_parked_batches") for one in (first, second)]
        return min(waiting) > 0

    await until(wait)
    off = inside[::7].tolist()
    await _set(deployment, second, [{"user": user, "off": True} for user in off])
    second.end(signal.SIGKILL)
    third = await deployment.server(**SOON)
    await deployment.switch_outage(on=False)
    await deployment.sent(third, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), np.setdiff1d(inside, off))
    assert (await deployment.counts())["duplicates"] == 0


async def test_a_redis_that_lost_everything_gets_the_preferences_back_before_anybody_is_told(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Flushed while batches wait in a queue, and again before an alert: who is off stays off, in both."""
    await deployment.provider()
    inside = await deployment.people(4_000)
    await deployment.switch_outage(on=True)
    server = await deployment.server(**SOON)
    off = inside[::2].tolist()
    await _set(deployment, server, [{"user": user, "off": True} for user in off])
    _, answer = await deployment.file(server)

    async def waits() -> bool:
        return await deployment.lane_metric(server, "qq_alert_parked_batches") > 0

    await until(waits)
    await redis.flushall()
    await deployment.switch_outage(on=False)
    await deployment.sent(server, answer["alert"]["id"])
    await deployment.people(4_000)

    async def all_told() -> bool:
        return (await deployment.reached()).size == inside.size - len(off)

    await until(all_told)
    assert np.array_equal(await deployment.reached(), np.setdiff1d(inside, off))
    assert (await deployment.counts())["duplicates"] == 0


async def test_an_older_state_of_redis_brings_back_no_older_preference(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """As an old file, or a replica that lagged: off stays off, on stays on, and what was erased stays erased."""
    await deployment.provider()
    inside = (await deployment.people(1_000)).tolist()
    server = await deployment.server()
    turned_off, turned_on, gone = inside[0], inside[1], inside[2]
    await _set(deployment, server, [{"user": turned_on, "off": True}, {"user": gone, "silent": True}])
    names = [key async for key in redis.scan_iter(count=5000)]
    older = {name: await redis.dump(name) for name in names}
    await _set(deployment, server, [{"user": turned_on}, {"user": turned_off, "off": True}])
    async with deployment.session() as session, session.delete(f"{server.url}/v1/users/{gone}") as response:
        assert response.status == 204
    await redis.flushall()
    for name, value in older.items():
        assert value is not None
        await redis.restore(name, 0, value, replace=True)
    server.end()
    server = await deployment.server()

    async def is_erased() -> bool:
        return not await redis.hexists(keys.preferences(shard_of(gone)), str(gone))

    await until(is_erased)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), np.array([turned_on, *inside[3:]]))


async def test_a_cluster_that_fails_over_honours_preferences(stores: StoreUrls, tmp_path: Path) -> None:
    """Half of all are off on three primaries, one of which dies before the alert: the others are told, once."""
    async with cluster.running(tmp_path / "cluster") as nodes:
        deployment = Deployment(StoreUrls(stores.postgres, nodes.url), tmp_path)
        try:
            await deployment.provider()
            await deployment.register()
            inside = await deployment.people(3_000)
            server = await deployment.server(**SOON)
            await _set(deployment, server, [{"user": user, "off": True} for user in inside[::2].tolist()])
            await nodes.fail_over()
            _, answer = await deployment.file(server)
            await deployment.sent(server, answer["alert"]["id"])

            async def all_told() -> bool:
                return (await deployment.reached()).size >= inside[1::2].size

            await until(all_told)
            assert np.array_equal(await deployment.reached(), inside[1::2])
            assert (await deployment.counts())["duplicates"] == 0
        finally:
            await deployment.close()


async def test_preferences_that_nobody_wrote_so_are_alarmed_and_wake_nobody(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Garbage in Redis: the user is told without a sound, and an operator hears of it; a key of another type, too."""
    async with recording_tpns(deployment) as provider:
        inside = (await deployment.people(500)).tolist()
        server = await deployment.server()
        await _set(deployment, server, [{"user": inside[1], "off": True}])
        await redis.hset(keys.preferences(shard_of(inside[0])), str(inside[0]), "garbage")
        other = keys.preferences(shard_of(inside[1]))
        await redis.delete(other)
        await redis.set(other, "of another type")
        _, answer = await deployment.file(server)
        await deployment.sent(server, answer["alert"]["id"])
        (title,) = provider.notified.titles
        expected = np.array([inside[0], *inside[2:]])

        async def all_told() -> bool:
            return np.array_equal(provider.notified.of(title), expected)

        await until(all_told)
        alarms = await alarms_of(deployment, server)
        assert any("preferences of users" in msgspec.json.encode(alarm).decode() for alarm in alarms)
