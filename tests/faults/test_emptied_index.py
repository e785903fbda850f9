"""A Redis that lost its data is told from an area without people: no alert completes in silence on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from server.embedded import StoreUrls
from tests.support.alarms import alarm_kinds
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until
from tests.support.stores import cluster

if TYPE_CHECKING:
    from pathlib import Path

    from redis import asyncio as aioredis


SOON: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1", "QQ_ALERT_ALERT__ESTIMATE_WITHIN_S": "10"}
WHY: Final = {"reason": "误报", "case_number": CASE["case_number"]}


async def _begun(deployment: Deployment) -> None:
    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)


async def test_a_flush_in_the_middle_is_alarmed_and_who_reports_again_is_notified(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """It was `sent` with 25,699 of 81,712 notified and no alarm; now both processes say so, and all are reached."""
    await deployment.provider("--latency-ms", "200")
    inside = await deployment.people(40_000)
    patient = {**SOON, "QQ_ALERT_LEASE_S": "15"}
    server, other = await deployment.server(**patient), await deployment.server(**patient)
    _, answer = await deployment.file(server)
    await _begun(deployment)
    await redis.flushall()
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).size < inside.size

    async def is_alarmed() -> bool:
        both = [await alarm_kinds(deployment, one) for one in (server, other)]
        return all({"index_emptied", "fewer_found"} <= alarms for alarms in both)

    await until(is_alarmed)
    await deployment.people(40_000)

    async def all_reached() -> bool:
        return np.array_equal(await deployment.reached(), inside)

    await until(all_reached)
    assert (await deployment.counts())["duplicates"] == 0

    async def no_longer_fewer() -> bool:
        return "fewer_found" not in await alarm_kinds(deployment, server)

    await until(no_longer_fewer)
    later = await deployment.server(**SOON)
    assert "index_emptied" in await alarm_kinds(deployment, later)


async def test_who_reports_again_after_a_flush_hears_of_the_cancel(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """With an empty index nobody can be reached at first; the follow-up notice does not end with that."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server(**SOON)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    await redis.flushall()
    status, _ = await deployment.post(f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel", WHY)
    assert status == 200

    async def is_through() -> bool:
        left = await deployment.query(
            "select count(*) filter (where u.passes < 2 or not u.done), count(*)"
            " from sweep_unit u join sweep s on s.id = u.sweep_id where s.notice = 'cancel'"
        )
        return bool(left[0][0] == 0 and left[0][1] > 0)

    # The passes that there would be without a loss are over before anybody reports again.
    await deployment.pass_time(0.5)
    await until(is_through)
    await deployment.people(3_000)
    await deployment.pass_time(0.5)

    async def has_heard() -> bool:
        return int((await deployment.counts())["accepted"]) == 2 * inside.size

    await until(has_heard)


async def test_a_redis_that_may_evict_is_alarmed(deployment: Deployment, redis: aioredis.Redis) -> None:
    """The policy that lets people vanish is seen at the start, before any of them does."""
    await deployment.provider()
    await redis.config_set("maxmemory-policy", "volatile-lru")
    await redis.config_set("maxmemory", "1gb")
    try:
        server = await deployment.server()

        async def is_alarmed() -> bool:
            return "index_evicts" in await alarm_kinds(deployment, server)

        await until(is_alarmed)
    finally:
        await redis.config_set("maxmemory", "0")
        await redis.config_set("maxmemory-policy", "noeviction")
    server.end()
    server = await deployment.server()
    assert "index_evicts" not in await alarm_kinds(deployment, server)


async def test_one_primary_that_lost_its_data_is_seen_among_others(stores: StoreUrls, tmp_path: Path) -> None:
    """Its shards are opened again, and only its own: about a third."""
    async with cluster.running(tmp_path / "cluster") as nodes:
        deployment = Deployment(StoreUrls(stores.postgres, nodes.url), tmp_path)
        try:
            await deployment.provider()
            await deployment.register()
            inside = await deployment.people(5_000)
            server = await deployment.server(**SOON)
            _, answer = await deployment.file(server)
            await deployment.sent(server, answer["alert"]["id"])
            await nodes.primaries[1].ask("FLUSHALL")

            async def is_alarmed() -> bool:
                return "index_emptied" in await alarm_kinds(deployment, server)

            async def lost() -> int:
                emptied = "select count(*) from index_epoch where emptied_at is not null"
                return int((await deployment.query(emptied))[0][0])

            async def is_recorded() -> bool:
                return await lost() > 0

            await until(is_alarmed)
            # The alarm comes first: a Redis that takes no writes gets no marks.
            await until(is_recorded)
            assert await lost() < 512
            await deployment.people(5_000)
            assert np.array_equal(await deployment.reached(), inside)
            assert (await deployment.counts())["duplicates"] == 0
        finally:
            await deployment.close()
