"""Settling a batch: records its outcomes, releases its room in the queue, and finishes its unit when nothing is left.

This is the one place where a batch leaves its unit. What is to be retried takes the batch's place in it. Bounded by the
batch; the ledger's commit is waited for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import sql.reminders
from push.delivery.ledger import rows_of
from push.results import Outcome
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from push.delivery.ledger import Ledger, Settled
    from push.delivery.stats import LaneStats
    from push.fanout.claims.claims import Claims
    from push.fanout.claims.unit import Batch
    from push.fanout.queue import LaneQueue
    from sql.database import Pool


class Settlement:
    """Settles the batches of one lane."""

    def __init__(
        self, lane: str, *, pool: Pool, queue: LaneQueue, ledger: Ledger, claims: Claims, stats: LaneStats
    ) -> None:
        self._lane = lane
        self._pool = pool
        self._queue = queue
        self._ledger = ledger
        self._claims = claims
        self._stats = stats

    @property
    def is_recorded(self) -> bool:
        """Whether the record takes what is settled: nothing is sent while it does not."""
        return self._ledger.takes

    async def settle(
        self, batch: Batch, outcomes: Settled, retry: NDArray[np.bool_] | None = None, delay_s: float = 0.0
    ) -> None:
        """Record the outcomes of a batch; those to `retry` are parked for `delay_s`, else the batch is closed."""
        rows = rows_of(batch, outcomes, self._lane)
        if rows:
            await self._ledger.record(rows)
        for row in rows:
            # Who is tried again is counted once it is known.
            if row.outcome != Outcome.INDETERMINATE:
                self._stats.recipients[row.outcome, row.notice, batch.unit.row.ring] += row.recipients
                self._stats.of_kind[row.outcome, row.notice, batch.unit.row.subject_kind] += row.recipients
        if retry is None:
            await self._close(batch)
            return
        parked, joined = self._queue.park_rest(batch, batch.rest(retry), delay_s)
        batch.unit.replace((batch, joined), parked)

    async def record_indeterminate(self, batch: Batch) -> None:
        """Record the batch as indeterminate, each time: a record that went back since the last time has it again."""
        batch.add_indeterminate(np.ones(batch.size, dtype=np.bool_))
        await self._ledger.record(rows_of(batch, {Outcome.INDETERMINATE: None}, self._lane))

    async def announce(self, batch: Batch) -> None:
        """Record, before each request with all of a batch, that they may have been reminded."""
        if batch.attempts == 0 or batch.is_announced:
            await self.record_indeterminate(batch)
            batch.is_announced = True

    async def record_cut_off(self, batch: Batch, outcomes: Settled) -> None:
        """Record what is known of a batch that nobody goes on with here."""
        rows = rows_of(batch, outcomes, self._lane)
        if rows:
            await self._ledger.record(rows)

    async def drain(self, batch: Batch) -> None:
        """Close a batch that may not be sent: its recipients stay due in the record."""
        batch.unit.interrupted = True
        if batch.is_announced:
            row = batch.unit.row
            shards = row.shard_from, row.shard_to
            take_back = partial(sql.reminders.take_back, self._pool, row.alert_id, *shards, batch.batch_id)
            await retry_until_available(take_back, UNAVAILABLE_ERRORS, "postgresql")
        await self._close(batch)

    def fail(self, batch: Batch, why: str) -> None:
        """Have no more be sent of a batch's unit, because a message of it cannot be."""
        self._claims.fail_sending(batch.unit, why)

    async def _close(self, batch: Batch) -> None:
        batch.unit.remove(batch)
        self._queue.release(batch)
        await self._claims.finish_if_complete(batch.unit)
