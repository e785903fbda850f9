"""Settling a batch: records its outcomes, releases its room in the queue, and finishes its unit when nothing is left.

This is the one place where a batch leaves its unit. What is to be retried takes the batch's place in it. Bounded by the
batch; the ledger's commit is waited for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import sql.reminders
from push.delivery.recording.rows import rows_of
from push.fanout.claims.refused_rows import Of
from push.results import Outcome
from sql.apart import TRIES, one_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from push.delivery.recording.kept_rows import Then
    from push.delivery.recording.ledger import Ledger
    from push.delivery.recording.rows import Settled
    from push.delivery.stats import LaneStats
    from push.fanout.claims.claims import Claims
    from push.fanout.claims.unit import Batch
    from push.fanout.queue import LaneQueue
    from sql.database import Pool
    from sql.ledger import LedgerRow


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

    def is_held_up(self, batch: Batch) -> bool:
        """Tell whether nothing more of a batch's unit may be sent before what was sent of its alert is recorded."""
        row = batch.unit.row
        if not self._ledger.refuses(row):
            return False
        batch.unit.halted = True
        self._claims.leave_aside(row)
        return True

    async def settle(
        self, batch: Batch, outcomes: Settled, retry: NDArray[np.bool_] | None = None, delay_s: float = 0.0
    ) -> None:
        """Record the outcomes of a batch; those to `retry` are parked for `delay_s`, else the batch is closed."""
        rows = rows_of(batch, outcomes, self._lane)
        if rows and not await self._record(batch, rows, partial(self._recorded_late, batch, rows)):
            # Its unit keeps it until then, and nobody else may have the unit.
            self._queue.release(batch)
            return
        self._count(batch, rows)
        if retry is None:
            await self._close(batch)
            return
        parked, joined = self._queue.park_rest(batch, batch.rest(retry), delay_s)
        batch.unit.replace((batch, joined), parked)

    async def _record(self, batch: Batch, rows: list[LedgerRow], then: Then | None, *, keep: bool = True) -> bool:
        """Record rows of a batch; where they are refused, nothing more of its unit is sent."""
        if await self._ledger.record(rows, then, keep=keep):
            return True
        batch.unit.halted = True
        return False

    def _count(self, batch: Batch, rows: Sequence[LedgerRow]) -> None:
        for row in rows:
            # Who is tried again is counted once it is known.
            if row.outcome != Outcome.INDETERMINATE:
                self._stats.recipients[row.outcome, row.notice, batch.unit.row.ring] += row.recipients
                self._stats.of_kind[row.outcome, row.notice, batch.unit.row.subject_kind] += row.recipients

    async def _recorded_late(self, batch: Batch, rows: Sequence[LedgerRow]) -> None:
        """Close a batch whose outcomes were refused for a while; whoever of it is left is found again."""
        self._count(batch, rows)
        batch.unit.interrupted = True
        batch.unit.remove(batch)
        await self._claims.finish_if_complete(batch.unit)

    async def record_indeterminate(self, batch: Batch) -> bool:
        """Record the batch as indeterminate, each time: a record that went back since the last time has it again.

        False where that is refused: then nobody goes on with the batch.
        """
        batch.add_indeterminate(np.ones(batch.size, dtype=np.bool_))
        rows = rows_of(batch, {Outcome.INDETERMINATE: None}, self._lane)
        if await self._record(batch, rows, partial(self._recorded_late, batch, rows)):
            return True
        self._queue.release(batch)
        return False

    async def announce(self, batch: Batch) -> bool:
        """Record, before each request with all of a batch, that they may have been reminded; False: it is refused."""
        if batch.attempts == 0 or batch.is_announced:
            batch.add_indeterminate(np.ones(batch.size, dtype=np.bool_))
            rows = rows_of(batch, {Outcome.INDETERMINATE: None}, self._lane)
            if not await self._record(batch, rows, None, keep=False):
                self._claims.leave_aside(batch.unit.row)
                return False
            batch.is_announced = True
        return True

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
            if isinstance(error := await one_row(take_back), Exception):
                # They may have been reminded for all that the record knows, and are not.
                self._claims.refused.note((Of.LEDGER, row.id), row.lane, row.alert_id, error, TRIES)
        await self._close(batch)

    def fail(self, batch: Batch, why: str) -> None:
        """Have no more be sent of a batch's unit, because a message of it cannot be."""
        self._claims.fail_sending(batch.unit, why)

    async def _close(self, batch: Batch) -> None:
        batch.unit.remove(batch)
        self._queue.release(batch)
        await self._claims.finish_if_complete(batch.unit)
