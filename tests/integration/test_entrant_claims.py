"""What is for late entrants is claimed as units of sweeps are: not of an old record, not what nobody here can read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest

import sql.entrants
from geo.index.position_index import PositionIndex, Positions
from geo.index.shards import shard_of
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.fanout.areas import Areas
from push.fanout.claims.claims import Claims
from push.fanout.entrants.looking import EntrantLook
from push.fanout.entrants.sifting import Sifting
from push.fanout.entrants.source import EntrantSource
from push.fanout.queue import LaneQueue
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import UNTIL_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from redis import asyncio as aioredis

    from sql.database import Pool

LEASE_S: Final = 60.0
USER: Final = 7
CONTENT: Final = "select content::text from alert"
CHANGE: Final = "update alert set content = $1::text::jsonb"
OWNER: Final = "select lease_owner from sweep_unit where entrants"
OWNER_OF: Final = """
select u.lease_owner from sweep_unit u join sweep s on s.id = u.sweep_id where u.entrants and s.alert_id = $1
"""
NOTED: Final = """
insert into entrant (user_id, alert_id, lane, shard, due_at) values ($1, $2, $3, $4, now() + $5::text::interval)
"""
SWEPT: Final = "update sweep_unit set done = true, searched = true"


class OneProcess:
    """The source of a lane's entrants in one process, with its claims and its queue."""

    def __init__(self, pool: Pool, redis: aioredis.Redis) -> None:
        self.alarms = AlarmBoard()
        self.claims = Claims(pool, LEASE_S, alarms=self.alarms)
        self.queue = LaneQueue(100, 10)
        index = PositionIndex(redis, ("tpns",))
        sifting = Sifting("tpns", index=index, areas=Areas(pool), pool=pool, claims=self.claims)
        self.source = EntrantSource(
            "tpns", sifting=sifting, pool=pool, claims=self.claims, queue=self.queue, recipients_max=10
        )
        self._look = EntrantLook(pool, ["tpns"], lambda _: self.source.wake())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let it work."""
        tasks = {asyncio.create_task(one.run()) for one in (self.source, self._look)}
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _entered(pool: Pool, redis: aioredis.Redis) -> UUID:
    """Return an alert that was sent, with one user who entered its area."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    await pool.execute(SWEPT)
    index = PositionIndex(redis, ("tpns",))
    await index.record(Positions("tpns", [USER], [114.0], [22.5], [index.clock_ms()]))
    await sql.entrants.note(pool, "tpns", [alert], [USER], [shard_of(USER)])
    return alert


async def test_one_question_says_in_which_lanes_somebody_is_due(pool: Pool, redis: aioredis.Redis) -> None:
    """Not in those where nobody is noted, where all wait, or for which this process has no lane."""
    alert = await _entered(pool, redis)
    for user, lane, wait in ((USER + 1, "fcm", "0 s"), (USER + 2, "apns", "1 min")):
        await pool.execute(NOTED, user, alert, lane, shard_of(user), wait)
    assert await sql.entrants.lanes_due(pool, ["tpns", "apns", "huawei"]) == ["tpns"]
    assert sorted(await sql.entrants.lanes_due(pool, ["tpns", "fcm", "apns"])) == ["fcm", "tpns"]


async def test_entrants_of_a_record_that_went_back_wait_until_somebody_looked_at_it(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """Their unit is given back each time, and the guard is called; once it knows the record, they are notified."""
    await _entered(pool, redis)
    process = OneProcess(pool, redis)
    rewound = asyncio.Event()
    process.claims.on_rewound = rewound.set
    process.claims.known_seq = 1
    async with process.running():
        await asyncio.wait_for(rewound.wait(), UNTIL_S)
        assert len(process.queue) == 0
        assert not process.claims.leases.held
        process.claims.known_seq = 0
        batch = await asyncio.wait_for(process.queue.get(), UNTIL_S)
    assert batch.users.tolist() == [USER]


@pytest.mark.parametrize("content", ['{"texts": 1}', '{"texts": {}}'])
async def test_entrants_of_an_alert_that_one_version_cannot_read_are_left_to_another(
    pool: Pool, redis: aioredis.Redis, content: str
) -> None:
    """It gives their unit back, says so, and claims it no more, so that a process that can read it has it at once."""
    await _entered(pool, redis)
    readable = await pool.fetchval(CONTENT)
    await pool.execute(CHANGE, content)
    older, newer = OneProcess(pool, redis), OneProcess(pool, redis)
    async with older.running():

        async def is_left() -> bool:
            return bool(older.claims.unreadable.parked) and await pool.fetchval(OWNER) is None

        await until(is_left)
        assert AlarmKind.UNREADABLE_DATA in {alarm.kind for alarm in older.alarms.standing}
        await pool.execute(CHANGE, readable)
        async with newer.running():
            batch = await asyncio.wait_for(newer.queue.get(), UNTIL_S)
        assert batch.users.tolist() == [USER]
        assert await pool.fetchval(OWNER) == newer.claims.leases.owner


async def test_entrants_of_an_alert_whose_area_cannot_be_read_are_left_to_another(
    pool: Pool, redis: aioredis.Redis
) -> None:
    """Who entered the area of another alert is notified meanwhile; their unit is given back, and they stay noted."""
    damaged = await _entered(pool, redis)
    other = await add_alert(pool, "B", due_in_min=30, rings=(1,))
    await pool.execute(SWEPT)
    await sql.entrants.note(pool, "tpns", [other], [USER], [shard_of(USER)])
    await pool.execute("update alert set jurisdiction = 'damaged' where id = $1", damaged)
    older, newer = OneProcess(pool, redis), OneProcess(pool, redis)
    async with older.running():
        batch = await asyncio.wait_for(older.queue.get(), UNTIL_S)
        assert batch.unit.row.alert_id == other

        async def is_left() -> bool:
            return bool(older.claims.unreadable.parked) and await pool.fetchval(OWNER_OF, damaged) is None

        await until(is_left)
        assert AlarmKind.UNREADABLE_DATA in {alarm.kind for alarm in older.alarms.standing}
        await pool.execute("update alert set jurisdiction = null where id = $1", damaged)
        async with newer.running():
            batch = await asyncio.wait_for(newer.queue.get(), UNTIL_S)
        assert (batch.unit.row.alert_id, batch.users.tolist()) == (damaged, [USER])
