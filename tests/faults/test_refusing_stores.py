"""Stores that answer and refuse end no server; nobody is notified without a trace, and all goes on afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import numpy as np
import pytest

import sql.audit
import sql.ledger
from geo.index.shards import shards_of
from push.fanout.packing import pack
from sql.database import SESSION, open_pool
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.stores.refusals import FUNCTION, TRIGGER, refusing

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

WORKERS: Final = 4
BATCH: Final = 1000
IDLE: Final = "idle_in_transaction_session_timeout"
WHY: Final = {"reason": "误报", "case_number": CASE["case_number"]}


async def _alarms(deployment: Deployment, server: Process) -> set[str]:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        return {alarm["kind"] for alarm in (await feed.receive_json())["alarms"]}


@pytest.mark.parametrize("code", ["53100", "57014", "42501"])
async def test_a_ledger_that_takes_nothing_ends_no_server_and_repeats_nobody(deployment: Deployment, code: str) -> None:
    """A full disk, a cancelled statement, a lock, a missing right: one batch a worker, an alarm, then all the rest.

    A server that is started meanwhile sends nothing at all, because no record would know of it.
    """
    await deployment.provider("--latency-ms", "200")
    inside = await deployment.people(15_000)
    await deployment.query(FUNCTION.format(code=code))
    await deployment.query(TRIGGER)
    await deployment.query("alter table ledger disable trigger refusing")
    lease = {"QQ_ALERT_LEASE_S": "15"}
    server = await deployment.server(**lease)
    _, answer = await deployment.file(server)

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    await deployment.query("alter table ledger enable trigger refusing")

    async def is_alarmed() -> bool:
        return "record_refused" in await _alarms(deployment, server)

    await until(is_alarmed)
    recorded = (await deployment.query("select coalesce(sum(recipients), 0) from ledger"))[0][0]
    assert (await deployment.reached()).size <= recorded + WORKERS * BATCH
    other = await deployment.server(**lease)
    at_rest = (await deployment.reached()).size
    await until(lambda: _is_refused(deployment, other))
    assert (await deployment.reached()).size == at_rest
    assert server.alive
    assert other.alive
    await deployment.query("drop trigger refusing on ledger")
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0

    async def is_over() -> bool:
        return "record_refused" not in await _alarms(deployment, server)

    await until(is_over)


async def _is_refused(deployment: Deployment, server: Process) -> bool:
    return "record_refused" in await _alarms(deployment, server)


async def test_statements_that_are_cancelled_at_random_end_no_server(deployment: Deployment) -> None:
    """An operator's pg_cancel_backend, again and again, on whatever the server asks: everybody is reached, once."""
    await deployment.provider("--latency-ms", "5")
    inside = await deployment.people(30_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)

    async def done() -> bool:
        await deployment.query(
            "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'qq-alert'"
            " and datname = current_database() and pid <> pg_backend_pid()"
        )
        return (await deployment.reached()).size == inside.size

    await until(done)
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
    assert np.array_equal(await deployment.reached(), inside)


@pytest.mark.parametrize("how", ["full", "no replicas", "read-only", "busy"])
async def test_a_redis_that_refuses_ends_no_server(deployment: Deployment, redis: aioredis.Redis, how: str) -> None:
    """Reports are answered 503 with Retry-After; each process keeps the rate by itself, and everybody is reached."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="2000")
    report = {"user": 1, "lane": "tpns", "longitude": 114.05, "latitude": 22.54, "at": "2026-11-24T00:00:00Z"}
    async with refusing(redis, how), deployment.session() as session:
        _, answer = await deployment.file(server)
        report["at"] = (await deployment.query("select now()"))[0][0].isoformat()
        async with session.post(f"{server.url}/v1/devices", json=[report]) as response:
            assert (response.status, "Retry-After" in response.headers) == (503, True), await response.text()
        if how != "busy":
            await deployment.sent(server, answer["alert"]["id"])
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0


async def test_a_process_that_freezes_with_the_trails_lock_delays_a_stop_by_its_bound_only(
    deployment: Deployment,
) -> None:
    """PostgreSQL ends its transaction: a cancel and a new case are answered; the frozen one finds itself refused."""
    await deployment.provider("--latency-ms", "50")
    await deployment.people(30_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    pool = await open_pool(deployment.database_url)
    # As a server does it, and then it does nothing more, as one that is stopped.
    connection = await pool.acquire()
    transaction = connection.transaction()
    await transaction.start()
    # Until it has the lock; a busy machine may take its time.
    await connection.execute(f"set local {IDLE} = 0")
    await sql.audit.append(connection, sql.audit.AuditEvent(actor="frozen", action="freeze"))
    await connection.execute(f"set local {IDLE} = {SESSION[IDLE]}")
    async with deployment.session() as session:
        async with session.post(f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel", json=WHY) as response:
            assert response.status == 200, await response.text()
        status, _ = await deployment.file(server, case_number="SZ-2")
        assert status == 202
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.execute("select 1")
    pool.terminate()
    assert int(SESSION[IDLE]) < 1000
    assert not [event for event in await _trail(deployment) if event["actor"] == "frozen"]


async def _trail(deployment: Deployment) -> list[dict[str, str]]:
    rows = await deployment.query("select content::jsonb -> 'event' ->> 'actor' as actor from audit_event")
    return [{"actor": row[0]} for row in rows]


async def test_a_quota_goes_on_when_the_clock_of_redis_is_set_back(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """What was taken by the old time is kept by the new one: the lane waits no longer than before."""
    await deployment.provider()
    inside = await deployment.people(4_000)
    await redis.hset("quota:tpns", mapping={"at": "0", "since": "0"})
    now_us = int((await redis.time())[0]) * 1_000_000
    later = {"at": now_us + 90_000_000, "since": now_us + 80_000_000, "seen": now_us + 90_000_000}
    await redis.hset("quota:tpns", mapping={name: str(value) for name, value in later.items()})
    server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="3000")
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)


async def test_a_claim_that_postgresql_forgot_is_given_up_within_a_look(deployment: Deployment) -> None:
    """As in a crash that loses commits: another has the units, so nothing more of them is sent, and nobody twice."""
    # Longer than it is between two looks: whatever is in flight is seen to be lost.
    await deployment.provider("--latency-ms", "600")
    inside = await deployment.people(8_000)
    server = await deployment.server(QQ_ALERT_LEASE_S="60")
    _, answer = await deployment.file(server)

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    await deployment.query(
        "update sweep_unit set lease_owner = gen_random_uuid(), lease_until = now() + interval '1 hour' where not done"
    )

    async def is_quiet() -> bool:
        # What the provider has not answered yet, it does not count yet.
        if await deployment.lane_metric(server, "qq_alert_requests_in_flight"):
            return False
        recorded = (await deployment.query("select coalesce(sum(recipients), 0) from ledger"))[0][0]
        log = deployment.log.read_text(encoding="utf-8")
        return "unit.lost" in log and (await deployment.reached()).size == recorded

    await until(is_quiet)
    assert (await deployment.reached()).size < inside.size
    await deployment.query("update sweep_unit set lease_until = now() where not done")
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0


async def test_who_is_recorded_late_hears_of_the_cancel(deployment: Deployment) -> None:
    """A process that froze with a request in flight records it after the follow-up notice went through."""
    await deployment.provider()
    await deployment.people(2_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    await deployment.place([77], 90.0, 40.0)
    cancel = f"{server.url}/v1/alerts/{alert}/cancel"
    async with deployment.session() as session, session.post(cancel, json=WHY) as response:
        assert response.status == 200

    async def follow_up_is_through() -> bool:
        left = await deployment.query(
            "select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id"
            " where s.notice = 'cancel' and not u.done"
        )
        return bool(left[0][0] == 0)

    await until(follow_up_is_through)
    assert 77 not in (await deployment.reached()).tolist()
    pool = await open_pool(deployment.database_url)
    unit = (await deployment.query("select unit_id from ledger where notice = 'alert' limit 1"))[0][0]
    shard = int(shards_of(np.array([77], dtype=np.int64))[0])
    late = sql.ledger.LedgerRow(
        UUID(alert), "alert", shard, shard + 1, 1, "accepted", "tpns", unit, 1, pack(np.array([77], dtype=np.int64))
    )
    await sql.ledger.commit(pool, [late])
    await pool.close()

    async def has_heard() -> bool:
        return 77 in (await deployment.reached()).tolist()

    await until(has_heard)


async def test_one_bad_member_or_row_costs_nobody_else_the_alert(deployment: Deployment, redis: aioredis.Redis) -> None:
    """A member that is no number, a damaged row of the ledger, content of a newer version: all others are notified."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    names = [name async for name in redis.scan_iter("*", _type="zset", count=5000) if b"tpns" in name]
    for row, member in enumerate(("not a user", "12345678901234567890123", "-5", "１２")):
        await redis.geoadd(names[row], (114.05, 22.54, member))
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    assert "unreadable_data" in await _alarms(deployment, server)
    server.end()
    batch, damaged = (await deployment.query("select batch_id, recipients from ledger order by batch_id limit 1"))[0]
    await deployment.query("update ledger set packed = 'damaged' where batch_id = $1", batch)
    await deployment.query("update sweep_unit set done = false")
    server = await deployment.server()

    async def are_notified_again() -> bool:
        return int((await deployment.counts())["accepted"]) == int(inside.size + damaged)

    await until(are_notified_again)
    _, newer = await deployment.file(server, case_number="SZ-3", status="exercise")
    await deployment.query("""update alert set content = '{"texts": 7}' where id = $1::uuid""", newer["alert"]["id"])
    _, answer = await deployment.file(server, case_number="SZ-4")
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
