"""Whatever somebody writes to Redis: the server lives, the audience is notified, the alarm stands."""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from geo.index import keys
from geo.index.keys import Generations
from geo.index.reports import now_ms
from geo.index.shards import SHARDS, shard_of
from push.alerts.watch.record_guard import KEY
from tests.support.alarms import alarms_of
from tests.support.processes.processes import until
from tests.support.stores.poison import (
    FAR_MS,
    add_beside,
    replace,
    shard_keys,
    spoil_shared,
    spoil_values,
)

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

LANE: Final = "tpns"
QUOTA: Final = f"quota:{LANE}"
LIMITS: Final = ("limit:authority:sz", "limit:token:1", "limit:token:1:platform")
YEARS_US: Final = 3000 * 365 * 86_400 * 1_000_000
SEEDS: Final = (1, 2, 3)
HELD_FEW: Final = {"QQ_ALERT_LANES__TPNS__WORKERS": "1", "QQ_ALERT_LANES__TPNS__QUEUE_BATCHES": "1"}


async def _alarms(deployment: Deployment, server: Process) -> dict[str, list[str]]:
    """Return what each alarm that stands is about, by kind."""
    found: dict[str, list[str]] = {}
    for alarm in await alarms_of(deployment, server):
        found.setdefault(alarm["kind"], []).append(alarm["about"])
    return found


async def _begun(deployment: Deployment) -> bool:
    return (await deployment.reached()).size > 0


def _report(user: int) -> dict[str, Any]:
    return {"user": user, "lane": LANE, "longitude": 114.05, "latitude": 22.54}


@pytest.mark.parametrize("seed", SEEDS)
async def test_poison_beside_people_costs_nobody_the_alert(
    deployment: Deployment, redis: aioredis.Redis, seed: int
) -> None:
    """In every key, with a send going on: exactly the audience is notified, also of the end; nobody more than twice."""
    source = random.Random(seed)
    await deployment.provider("--latency-ms", "20")
    inside = await deployment.people(12_000, seed)
    server = await deployment.server(**HELD_FEW, QQ_ALERT_LANES__TPNS__RATE_PER_S="4000")
    status, answer = await deployment.file(server)
    assert status == 202
    await until(lambda: _begun(deployment))
    # What is not searched by now is searched beside all the poison.
    await deployment.switch_outage(on=True)
    await add_beside(redis, source, LANE)
    await spoil_shared(redis, source, [QUOTA, *LIMITS])
    await spoil_values(redis, source, [QUOTA], LIMITS)
    await deployment.switch_outage(on=False)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(np.intersect1d(await deployment.reached(), inside), inside)
    strangers = np.setdiff1d(await deployment.reached(), inside)
    # Ids in their own shard with a position are users, whoever wrote them.
    assert strangers.size <= 2, strangers
    assert (await deployment.counts())["duplicates"] == 0
    await spoil_shared(redis, source, [QUOTA, *LIMITS])
    status, _ = await deployment.post(
        f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel",
        {"reason": "误报", "case_number": answer["alert"]["case_number"]},
    )
    assert status == 200

    async def all_have_heard() -> bool:
        return int((await deployment.counts())["accepted"]) >= 2 * inside.size

    await until(all_have_heard)
    assert server.alive
    alarms = await _alarms(deployment, server)
    assert {"redis: member", "redis: type"} <= set(alarms["unreadable_data"])
    assert "record_rewound" not in alarms


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_shard_whose_keys_are_of_other_types_heals_with_the_reports(
    deployment: Deployment, redis: aioredis.Redis, seed: int
) -> None:
    """All keys of some shards are replaced: reports are taken at once, and who reports again is notified."""
    source = random.Random(seed)
    await deployment.provider()
    inside = await deployment.people(3_000, seed)
    shards = source.sample(range(SHARDS), 60)
    server = await deployment.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    for shard in shards:
        for name in shard_keys(shard, [LANE]):
            await replace(redis, name, source)
    _, answer = await deployment.file(server)
    lost = [user for user in inside.tolist() if shard_of(user) in set(shards)]
    assert lost
    at = (await deployment.query("select now()"))[0][0].isoformat()
    status, taken = await deployment.post(f"{server.url}/v1/devices", [{**_report(user), "at": at} for user in lost])
    assert (status, taken["accepted"]) == (200, len(lost))
    await deployment.sent(server, answer["alert"]["id"])

    async def are_reached() -> bool:
        return bool(np.array_equal(np.intersect1d(await deployment.reached(), inside), inside))

    await until(are_reached)
    assert server.alive
    assert "redis: type" in (await _alarms(deployment, server))["unreadable_data"]


async def test_a_forged_limit_keeps_the_police_out_no_longer_than_its_own_window(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Paid for 3,000 years ahead: the wait is that of one webhook, and the next ones are taken."""
    await deployment.provider()
    await deployment.people(1_000)
    server = await deployment.server()
    for number, value in enumerate((str(YEARS_US), "1e300", "inf", "nan", "-inf", "")):
        await redis.set("limit:authority:sz", value)

        async def is_taken(case: str = f"SZ-{number}") -> bool:
            status, _ = await deployment.file(server, case_number=case)
            assert status in {202, 200, 429}
            return status == 202

        await until(is_taken)
    numbers = count()

    async def is_told() -> bool:
        # A server that Redis did not answer in time counts by itself for some seconds, and reads no limit.
        pipe = redis.pipeline(transaction=True)
        pipe.delete("limit:authority:sz")
        pipe.rpush("limit:authority:sz", "x")
        await pipe.execute()
        status, _ = await deployment.file(server, case_number=f"SZ-list-{next(numbers)}")
        assert status in {202, 429}
        told = "redis: limit" in (await _alarms(deployment, server)).get("unreadable_data", ())
        return status == 202 and told and await redis.type("limit:authority:sz") in {b"string", b"none"}

    await until(is_told)


async def test_a_forged_quota_does_not_stop_a_send(deployment: Deployment, redis: aioredis.Redis) -> None:
    """Paid for 3,000 years ahead, or since a moment to come: the audience is notified, and the alarm stands."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="100000")
    await redis.hset(QUOTA, mapping={"at": str(YEARS_US), "since": str(YEARS_US), "seen": "nan"})
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"], 120)
    assert np.array_equal(await deployment.reached(), inside)
    assert "redis: quota" in (await _alarms(deployment, server))["unreadable_data"]


@pytest.mark.parametrize("digest", ["", "00" * 32, "zz"])
async def test_a_forged_position_of_the_record_pauses_nothing(
    deployment: Deployment, redis: aioredis.Redis, digest: str
) -> None:
    """A far newer event that Redis says the record had: the alert goes on, the alarm stands, Redis has the true one."""
    await deployment.provider("--latency-ms", "20")
    inside = await deployment.people(8_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await until(lambda: _begun(deployment))
    forged: dict[Any, Any] = {"seq": "999999999", "digest": digest, "signed": f"999999999:{digest}:{'ab' * 32}"}
    await redis.hset(KEY, mapping=forged)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)

    async def is_mended() -> bool:
        return await redis.hget(KEY, "seq") != b"999999999"

    await until(is_mended)
    server.end()
    await redis.hset(KEY, mapping=forged)
    server = await deployment.server()
    alarms = await _alarms(deployment, server)
    assert "redis: position" in alarms["unreadable_data"]
    assert "record_rewound" not in alarms


async def test_nobody_is_kept_out_by_a_moment_to_come(deployment: Deployment, redis: aioredis.Redis) -> None:
    """A device record, a change of lanes and a forgetting of the year 10889: the user reports, and is notified."""
    await deployment.provider()
    user = 4711
    shard, present = shard_of(user), Generations().of(now_ms())
    await redis.hset(keys.devices(shard, present), str(user), FAR_MS.to_bytes(6, "big") + b"apns\0\0token")
    await redis.zadd(keys.moved(shard), {str(user): FAR_MS})
    await redis.zadd(keys.forgotten(shard), {str(user): FAR_MS})
    server = await deployment.server()
    at = (await deployment.query("select now()"))[0][0].isoformat()
    status, _ = await deployment.post(f"{server.url}/v1/devices", [{**_report(user), "at": at}])
    assert status == 200
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).tolist() == [user]


async def test_copies_of_a_user_in_other_shards_reach_nobody_twice(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """One user in all 1,024 shards, and in other forms of the same number: one message."""
    await deployment.provider()
    await deployment.place([4711], 114.05, 22.54)
    present = Generations().of(now_ms())
    for shard in range(SHARDS):
        for form in (b"4711", b"04711", b"+4711", b" 4711", b"4711 "):
            await redis.geoadd(keys.positions(shard, LANE, present), (114.05, 22.54, form))
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    counts = await deployment.counts()
    assert (await deployment.reached()).tolist() == [4711]
    assert (counts["accepted"], counts["duplicates"]) == (1, 0)


async def test_who_is_said_to_be_forgotten_is_notified_unless_the_index_forgot_them(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Everybody's name in the stream, during a send: nobody is left out by that."""
    await deployment.provider("--latency-ms", "20")
    inside = await deployment.people(8_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await until(lambda: _begun(deployment))
    for part in np.array_split(inside, 20):
        await redis.xadd(keys.FORGETTING, {"users": b" ".join(b"%d" % user for user in part.tolist())})
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0


async def test_a_user_is_forgotten_whatever_the_stream_holds(deployment: Deployment, redis: aioredis.Redis) -> None:
    """Of another type, or with the last id that there is: the request is answered 204, and the stream begins anew."""
    server = await deployment.server()
    await redis.xadd(keys.FORGETTING, {"users": "1"}, id="18446744073709551615-18446744073709551615")
    async with deployment.session() as session:
        for user in (7, 8):
            async with session.delete(f"{server.url}/v1/users/{user}") as response:
                assert response.status == 204, await response.text()
            await redis.delete(keys.FORGETTING)
            await redis.set(keys.FORGETTING, "x")
    assert server.alive
    assert "redis: stream" in (await _alarms(deployment, server))["unreadable_data"]
