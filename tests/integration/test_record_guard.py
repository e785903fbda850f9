"""The record's guard compares the record with all that is known of it, whatever Redis holds or refuses meanwhile."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from redis.exceptions import RedisError

import sql.audit
import sql.held_notices
import sql.work
from geo.index.position_index import PositionIndex
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.alerts.actions.actor import SYSTEM
from push.alerts.actions.changes import Changes
from push.alerts.actions.decisions import Actions
from push.alerts.actions.refusals import Refusal
from push.alerts.actions.transaction import Operations, Order
from push.alerts.outcomes import Ending
from push.alerts.planner import FilingPlan, Planner
from push.alerts.rings import SHIPPED
from push.alerts.watch.record_guard import KEY, LABEL, RecordGuard
from push.fanout.claims.claims import Claims
from push.fanout.precedence import Precedence
from runtime.authentication_codes import AuthenticationCodes
from tests.integration.test_claims import add_alert, add_authority
from tests.support.stores.refusals import refusing

if TYPE_CHECKING:
    from uuid import UUID

    from redis import asyncio as aioredis

    from sql.database import Pool

LEASE_S: Final = 60.0
ORDER: Final = Order(actor=SYSTEM, reason="误报")


class GuardedProcess:
    """The guard of one process, with what it acts through."""

    def __init__(self, pool: Pool, redis: aioredis.Redis, anchored: tuple[int, str] | None = None) -> None:
        self.pool = pool
        self.alarms = AlarmBoard()
        self.claims = Claims(pool, LEASE_S, alarms=self.alarms)
        plan = FilingPlan(policies=SHIPPED, policy="qq", lanes={"tpns": None}, radius_cap_km=500, audience_cap=10**7)
        planner = Planner(PositionIndex(redis, ("tpns",)), plan, self.alarms)
        operations = Operations(
            pool, planner.secret, halt=self.claims.leases.halt, wake=self.claims.wake, precedence=Precedence()
        )
        self.actions = Actions(operations, Changes(operations, pool, planner, timedelta(hours=72)), planner)
        codes = AuthenticationCodes([b"of the tests"], LABEL)
        self.guard = RecordGuard(pool, redis, self.actions, self.alarms, self.claims, codes, anchored)

    async def look(self) -> None:
        """Look once, as far as Redis answers."""
        with suppress(RedisError):
            await self.guard.look()

    @property
    def rewound(self) -> set[str]:
        """The alerts about which the alarm stands that the record is older."""
        return {str(alarm.alert) for alarm in self.alarms.standing if alarm.kind is AlarmKind.RECORD_REWOUND}


async def _state(pool: Pool, alert: UUID) -> str:
    state: str = await pool.fetchval("select state from alert where id = $1", alert)
    return state


async def _event(pool: Pool) -> int:
    """Append any event; returns its number."""
    async with pool.acquire() as connection, connection.transaction():
        await sql.audit.append(connection, sql.audit.AuditEvent(actor="somebody", action="anything"))
    newest = await sql.audit.newest(pool)
    assert newest is not None
    return newest.seq


async def go_back(pool: Pool, seq: int) -> None:
    """Take the trail back to an event."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table audit_event disable trigger user")
        await connection.execute("delete from audit_event where seq > $1", seq)
        await connection.execute("delete from audit_reason where seq > $1", seq)
        await connection.execute("alter table audit_event enable trigger user")


async def _lose_a_cancel(process: GuardedProcess, alert: UUID) -> None:
    """Cancel the alert, look, and take the record back to an event that Redis does not have yet."""
    kept = await _event(process.pool)
    assert await process.actions.cancel(alert, ORDER) is None
    await process.look()
    assert process.claims.known_seq > kept
    await go_back(process.pool, kept)
    await process.pool.execute("update alert set state = 'sending', ended_at = null, version = 1")


@pytest.mark.parametrize("how", ["full", "read-only", "busy"])
async def test_a_record_that_goes_back_while_redis_takes_nothing_is_noticed(
    pool: Pool, redis: aioredis.Redis, how: str
) -> None:
    """What Redis remembers is in the record still; this process has seen more: all is paused, and resumed once only."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    process = GuardedProcess(pool, redis)
    await _event(pool)
    await process.look()
    async with refusing(redis, how):
        await _lose_a_cancel(process, alert)
        await process.look()
        assert await _state(pool, alert) == "paused"
        assert process.rewound == {str(alert)}
        assert await process.actions.resume(alert, ORDER) is None
        await process.look()
        assert await _state(pool, alert) == "sending"
    await process.look()
    assert (await _state(pool, alert), process.rewound) == ("sending", set())


async def _two_processes(pool: Pool, redis: aioredis.Redis) -> tuple[UUID, GuardedProcess, GuardedProcess, int]:
    """Return an alert that is sent, two processes, and the event to which the record will go back."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    return alert, GuardedProcess(pool, redis), GuardedProcess(pool, redis), await _event(pool)


async def test_what_is_decided_after_the_record_went_back_stands_whoever_remembers_the_lost_events(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """Redis refuses the new position, another process knows the lost one, and a third one starts: nothing is held."""
    alert, process, other, kept = await _two_processes(pool, redis)
    for _ in range(2):
        await _event(pool)
    for one in (process, other):
        await one.look()
    async with refusing(redis, "read-only"):
        await go_back(pool, kept)
        await process.look()
        assert (await _state(pool, alert), process.rewound) == ("paused", {str(alert)})
        assert await process.actions.cancel(alert, ORDER) is None
        for one in (process, other, GuardedProcess(pool, redis)):
            await one.look()
            assert await sql.held_notices.notices_held(pool, 1) == []
    for one in (GuardedProcess(pool, redis), other, process):
        await one.look()
        assert one.rewound == set()
    assert await sql.held_notices.notices_held(pool, 1) == []
    # One that goes back once more is another matter.
    await _reopened(pool, process, alert, "cancelled")
    await other.look()
    assert await sql.held_notices.notices_held(pool, 1) != []


async def test_what_is_decided_stands_also_where_a_process_comes_back_that_last_saw_another_lost_event(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """It was cut off before others saw more; but what is lost after that, although they noted something, is noticed."""
    alert, process, other, kept = await _two_processes(pool, redis)
    await _event(pool)
    await other.look()
    await _event(pool)
    await process.look()
    await go_back(pool, kept)
    await process.look()
    assert await _state(pool, alert) == "paused"
    assert await process.actions.resume(alert, ORDER) is None
    for one in (process, other):
        await one.look()
        assert await _state(pool, alert) == "sending"
    await _lose_a_cancel(other, alert)
    await redis.delete(KEY)
    await other.look()
    assert await _state(pool, alert) == "paused"


async def test_a_replica_with_an_older_position_hides_no_record_that_went_back(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """Redis fails over to one that holds an older position: that alone pauses nothing, and hides nothing."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    process = GuardedProcess(pool, redis)
    await _event(pool)
    await process.look()
    older: Any = await redis.hgetall(KEY)
    await _event(pool)
    await process.look()
    await redis.hset(KEY, mapping=older)
    await process.look()
    assert (await _state(pool, alert), process.rewound) == ("sending", set())
    await _lose_a_cancel(process, alert)
    await redis.hset(KEY, mapping=older)
    await process.look()
    assert (await _state(pool, alert), process.rewound) == ("paused", {str(alert)})


async def _found(pool: Pool, process: GuardedProcess) -> UUID:
    """Return an alert that was sent, and whose end is being told to those who were notified."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    await _event(pool)
    await process.look()
    assert await process.actions.find(alert, ORDER, Ending()) is None
    await process.look()
    return alert


async def _reopened(pool: Pool, process: GuardedProcess, alert: UUID, state: str = "found") -> None:
    """Have it be reopened, and the record go back to the time before that."""
    kept = await sql.audit.newest(pool)
    assert kept is not None
    await _event(pool)
    await process.look()
    await go_back(pool, kept.seq)
    assert await _state(pool, alert) == state


async def _claimable(process: GuardedProcess) -> list[str]:
    """Return which notices have units to claim, and are claimed."""
    sweeps = await sql.work.open_sweeps(process.pool, ["tpns"])
    ids, lease = await process.pool.fetch("select id from sweep order by id"), timedelta(seconds=60)
    rows = await sql.work.claim(process.pool, [row[0] for row in ids], process.claims.leases.owner, lease, [], 100)
    assert {row.notice for row in rows} == {one.notice for one in sweeps}
    for row in rows:
        await sql.work.give_back(process.pool, row.id, process.claims.leases.owner)
    return sorted({row.notice for row in rows})


@pytest.mark.parametrize("how", ["resume", "found"])
async def test_the_end_of_an_alert_is_not_told_by_a_record_that_went_back(
    pool: Pool, redis: aioredis.Redis, how: str
) -> None:
    """It may have been reopened since: what is being sent of it stops, nothing of it is claimed, and an alarm stands.

    A person resumes it, or says once more that the child is found: then it goes on, and is not held again.
    """
    process = GuardedProcess(pool, redis)
    alert = await _found(pool, process)
    assert await _claimable(process) == ["found"]
    ids = [
        row[0]
        for row in await pool.fetch(
            "select u.id from sweep_unit u join sweep s on s.id = u.sweep_id where s.notice = 'found'"
        )
    ]
    await sql.work.claim(
        pool,
        [row[0] for row in await pool.fetch("select id from sweep")],
        process.claims.leases.owner,
        timedelta(seconds=60),
        [],
        100,
    )
    await _reopened(pool, process, alert)
    await process.look()
    assert process.rewound == {str(alert)}
    assert (await sql.work.halted(pool, ids, process.claims.leases.owner))[1] == dict.fromkeys(ids, False)
    await sql.work.release(pool, process.claims.leases.owner)
    assert await _claimable(process) == []
    # Whatever process is started now says so, too, and nothing but a person lets it go on.
    other = GuardedProcess(pool, redis)
    await other.guard.look_first()
    assert other.rewound == {str(alert)}
    await process.look()
    assert await _claimable(process) == []
    if how == "resume":
        assert await process.actions.resume(alert, ORDER) is None
    else:
        assert await process.actions.find(alert, ORDER, Ending()) is None
    await process.look()
    await other.look()
    assert (process.rewound, other.rewound) == (set(), set())
    assert await _claimable(process) == ["found"]
    refused = await process.actions.resume(alert, ORDER)
    assert refused is not None
    assert refused.refusal is Refusal.IMPOSSIBLE


AGED: Final = (
    "alter table audit_event disable trigger user",
    """update audit_event set content = replace(content, '"at":"20', '"at":"19')""",
    "alter table audit_event enable trigger user",
)


@pytest.mark.parametrize("holds", ["nothing", "keys of others", "a position without a code"])
async def test_a_redis_without_the_position_remembers_nothing_whatever_else_it_holds(
    pool: Pool, redis: aioredis.Redis, holds: str
) -> None:
    """Limits, marks or another application's keys say nothing of the record; a young record is no backup.

    A position that an earlier version wrote says that this is the first start since: it pauses nothing.
    """
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    await _event(pool)
    if holds == "keys of others":
        await redis.set("limit:somebody", "1")
    if holds == "a position without a code":
        await redis.hset(KEY, mapping={"seq": "1", "digest": "00"})
    young = GuardedProcess(pool, redis)
    await young.look()
    assert (await _state(pool, alert), young.rewound) == ("sending", set())
    await redis.hdel(KEY, "signed")
    if holds != "a position without a code":
        await redis.delete(KEY)
    for statement in AGED:
        await pool.execute(statement)
    started = GuardedProcess(pool, redis)
    await started.look()
    expected = ("sending", set()) if holds == "a position without a code" else ("paused", {str(alert)})
    assert (await _state(pool, alert), started.rewound) == expected


async def test_the_last_anchor_shows_a_record_that_went_back_together_with_redis(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """Both come from one backup, and agree: the file outside of them has a later event, which is compared once."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    await _event(pool)
    await GuardedProcess(pool, redis).look()
    older: Any = await redis.hgetall(KEY)
    kept = await sql.audit.newest(pool)
    await _event(pool)
    newest = await sql.audit.newest(pool)
    assert kept is not None
    assert newest is not None
    anchored = newest.seq, newest.digest.hex()
    there = GuardedProcess(pool, redis, anchored)
    await there.look()
    assert (await _state(pool, alert), there.rewound) == ("sending", set())
    await go_back(pool, kept.seq)
    await redis.hset(KEY, mapping=older)
    started = GuardedProcess(pool, redis, anchored)
    await started.look()
    assert (await _state(pool, alert), started.rewound) == ("paused", {str(alert)})
    assert await started.actions.resume(alert, ORDER) is None
    await started.look()
    await started.look()
    assert await _state(pool, alert) == "sending"
