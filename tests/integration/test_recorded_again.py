"""A record that went back has again whom a provider may have notified, as soon as they were tried again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import pytest

from push.alarms import AlarmBoard
from push.delivery.recording.ledger import Ledger
from push.delivery.settlement import Settlement
from push.delivery.stats import LaneStats
from push.fanout.claims.claims import Claims
from push.fanout.claims.refused_rows import RefusedRows
from push.fanout.claims.unit import Batch, HeldUnit
from push.fanout.packing import unpack
from push.fanout.queue import LaneQueue
from push.results import Outcome
from runtime.tasks import cancel_and_wait
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sql.database import Pool

LANE: Final = "tpns"
USERS: Final = 100
LEASE_S: Final = 60.0
FEW: Final = np.arange(USERS) < 10


class Lane:
    """The settlement of one lane, with its queue."""

    def __init__(self, pool: Pool, ledger: Ledger) -> None:
        self.queue = LaneQueue(4, USERS)
        claims, stats = Claims(pool, LEASE_S), LaneStats()
        self.settlement = Settlement(LANE, pool=pool, queue=self.queue, ledger=ledger, claims=claims, stats=stats)

    async def taken(self, notice: str = "alert") -> Batch:
        """Return a batch of a unit, as a worker takes it."""
        unit = HeldUnit(msgspec.structs.replace(unit_row(), notice=notice), 0.0, 0.0, LEASE_S)
        users = np.arange(USERS, dtype=np.int64)
        batch = Batch(unit, [b"%d" % user for user in users.tolist()], users)
        unit.add(batch)
        await self.queue.put(batch)
        return await self.queue.get()


@asynccontextmanager
async def _lane(pool: Pool) -> AsyncIterator[Lane]:
    alarms = AlarmBoard()
    ledger = Ledger(pool, alarms, RefusedRows(alarms), lambda _: None)
    committing = asyncio.create_task(ledger.run())
    try:
        yield Lane(pool, ledger)
    finally:
        await cancel_and_wait([committing])


async def _recorded(pool: Pool) -> list[list[int]]:
    rows = await pool.fetch("select packed from ledger where outcome = 'indeterminate' order by recipients")
    return [unpack(row[0]).tolist() for row in rows]


@pytest.mark.parametrize("notice", ["alert", "cancel"])
async def test_a_request_without_an_answer_is_recorded_each_time_in_one_row(pool: Pool, notice: str) -> None:
    """The record loses the row, and has it again after the next attempt; one that lost nothing gets no second one."""
    async with _lane(pool) as lane:
        batch = await lane.taken(notice)
        for _ in range(3):
            await lane.settlement.record_indeterminate(batch)
            assert await _recorded(pool) == [[*range(USERS)]]
        await pool.execute("delete from ledger")
        await lane.settlement.record_indeterminate(batch)
        assert await _recorded(pool) == [[*range(USERS)]]


async def test_recipients_without_an_answer_are_recorded_each_time_in_one_row(pool: Pool) -> None:
    """What is left of a batch is another one at each attempt, and its recipients have the same row."""
    async with _lane(pool) as lane:
        batch = await lane.taken()
        for attempt in range(4):
            if attempt == 3:
                await pool.execute("delete from ledger where outcome = 'indeterminate'")
            mask = FEW[batch.users]
            settled = {Outcome.INDETERMINATE: mask} | ({} if attempt else {Outcome.ACCEPTED: ~mask})
            batch.add_indeterminate(mask)
            await lane.settlement.settle(batch, settled, mask)
            assert await _recorded(pool) == [[*range(10)]]
            batch = await lane.queue.get()
            assert batch.size == 10
        await lane.settlement.settle(batch, {Outcome.ACCEPTED: None})
        accepted = await pool.fetch("select recipients from ledger where outcome = 'accepted' order by 1")
        assert [row[0] for row in accepted] == [10, USERS - 10]


async def test_a_reminder_is_recorded_before_each_request_and_taken_back_unsent(pool: Pool) -> None:
    """A record that went back would have them reminded twice, if their process ended during the next request."""
    async with _lane(pool) as lane:
        batch = await lane.taken("reminder")
        await lane.settlement.announce(batch)
        batch.attempts += 1
        await pool.execute("delete from ledger")
        await lane.settlement.announce(batch)
        assert await _recorded(pool) == [[*range(USERS)]]
        await lane.settlement.drain(batch)
        assert await _recorded(pool) == []
