"""A sweep: puts the recipients of a unit who are not yet notified into the lane's queue, batch by batch.

Recipients are candidates minus the ledger of the shard, so a unit run again after a crash reaches only those it missed.
Bounded: what `push.fanout.candidates` asks for ahead, and the queue's room, without which no shard is asked for.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import structlog

import sql.entrants
import sql.ledger
from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from geo.connection import raise_if_mistake
from push.fanout.claims.unit import Batch
from push.fanout.ended import knowing_already
from push.fanout.packing import not_notified, unpack_readable
from push.fanout.reminding import settled_of
from push.fanout.unit_reads import read_for_unit
from push.notice import Notice
from runtime.retry import STORE_CAP_S, full_jitter_s

if TYPE_CHECKING:
    from datetime import timedelta

    from numpy.typing import NDArray

    from push.fanout.candidates import Candidates
    from push.fanout.claims.claims import Claims
    from push.fanout.claims.unit import HeldUnit
    from push.fanout.queue import LaneQueue
    from sql.database import Pool
    from sql.work import UnitRow

SWEEPS_PER_LANE = 2
"""While one sweep waits for the record between two units the other one keeps searching."""

NOTIFIED_TRUSTED_S = 30.0
"""Half of how long `geo.index.calls.MOVED_KEPT_MS` keeps who changed lanes out of a sweep."""

_log = structlog.get_logger("push.fanout.sweep")


class Sweep:
    """Turns one lane's units into batches."""

    def __init__(
        self,
        lane: str,
        *,
        claims: Claims,
        candidates: Candidates,
        pool: Pool,
        queue: LaneQueue,
        invalid_for: timedelta,
        recipients_max: int,
    ) -> None:
        self._lane = lane
        self._claims = claims
        self._report_row = claims.unreadable.report_row
        self._candidates = candidates
        self._pool = pool
        self._queue = queue
        self._invalid_for = invalid_for
        self._recipients_max = recipients_max

    async def run(self) -> None:
        """Sweep unit after unit until cancelled."""
        while True:
            unit = await self._claims.next_unit(self._lane)
            try:
                found = unit.found = await self._sweep(unit)
            except ValueError as error:
                # A row of the ledger that nobody wrote so: one unit fails, and all others go on.
                await self._claims.fail(unit, type(error).__name__)
                continue
            if unit.dropped:
                continue
            unit.interrupted = unit.interrupted or unit.halted
            if unit.batches and not unit.interrupted:
                # Now wider rings may be claimed; without outstanding batches the end of the unit does the same.
                await self._claims.leases.note_searched(unit, found)
                self._claims.refill(unit.row)
            unit.swept = True
            await self._claims.finish_if_complete(unit)
            _log.debug("unit.swept", unit=unit.row.id, alert=str(unit.row.alert_id), lane=self._lane)

    async def _sweep(self, unit: HeldUnit) -> int:
        row = unit.row
        notified, notified_s = await self._notified(unit), self._now_s()
        packer = Packer(unit, self._recipients_max)
        count, shard_next, failures = 0, row.shard_from, 0
        while shard_next < row.shard_to:
            try:
                async for found in self._candidates.stream(unit, shard_next):
                    if unit.over:
                        return count
                    count += len(found.users)
                    if self._now_s() - notified_s > NOTIFIED_TRUSTED_S:
                        # In a slow lane others may have been notified meanwhile, in the lane that they were in before.
                        notified, notified_s = await self._notified(unit), self._now_s()
                    for batch in packer.add(*not_notified(found.users, found.ids, notified), found.asked_s):
                        await self._put(batch)
                    shard_next, failures = found.shard + 1, 0
            except INDEX_UNAVAILABLE_ERRORS as error:
                raise_if_mistake(error)
                if unit.over:
                    return count
                failures += 1
                if failures == 1:
                    _log.warning("store.away", store="redis", lane=self._lane, error=type(error).__name__)
                await asyncio.sleep(full_jitter_s(failures, cap_s=STORE_CAP_S))
        for batch in packer.rest():
            await self._put(batch)
        return count

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def _notified(self, unit: HeldUnit) -> NDArray[np.int64]:
        """Return who is notified, or about to be: by this process for a nearer ring, or as late entrant; sorted.

        Of a second end, who knows of the first and not that it was taken back.
        """
        row = unit.row
        if unit.is_reminder:
            return await settled_of(self._pool, row, self._claims.leases.outstanding(row), self._report_row)
        # First what is outstanding, then the ledger: who is settled in between is seen in one or both.
        outstanding = self._claims.leases.outstanding(row)
        if row.notice == Notice.ALERT:
            outstanding.append(await self._entrants(row))
        elif row.notice != Notice.UPDATE:
            outstanding.append(await knowing_already(self._pool, row, self._report_row))
        rows = await read_for_unit(
            lambda: sql.ledger.settled(
                self._pool,
                row.alert_id,
                row.notice,
                row.message_version,
                row.shard_from,
                row.shard_to,
                lane=self._lane,
                invalid_for=self._invalid_for,
            )
        )
        # Who stands in a row that cannot be read is notified again: twice is better than never.
        parts = [*outstanding, *unpack_readable(rows, partial(self._report_row, row))]
        # Each part is sorted, which the stable sort makes use of.
        return np.sort(np.concatenate(parts), kind="stable") if parts else np.empty(0, dtype=np.int64)

    async def _entrants(self, row: UnitRow) -> NDArray[np.int64]:
        """Return who is noted as late entrant there: that is worked through by itself, in whatever process."""
        read = partial(sql.entrants.pending, self._pool, row.alert_id, row.shard_from, row.shard_to)
        users = await read_for_unit(read)
        return np.array(users, dtype=np.int64)

    async def _put(self, batch: Batch) -> None:
        batch.unit.add(batch)
        await self._queue.put(batch)


class Packer:
    """Fills batches to the provider's limit across the shards of one unit, so that few requests carry many."""

    def __init__(self, unit: HeldUnit, recipients_max: int) -> None:
        self._unit = unit
        self._recipients_max = recipients_max
        self._recipients: list[bytes] = []
        self._users: list[NDArray[np.int64]] = []
        self._asked_s = 0.0

    def add(self, recipients: list[bytes], users: NDArray[np.int64], asked_s: float) -> list[Batch]:
        """Take a shard's recipients with their ids, asked for at `asked_s`; returns the batches that are full."""
        full: list[Batch] = []
        start = 0
        while start < len(recipients):
            self._asked_s = self._asked_s if self._recipients else asked_s
            end = min(len(recipients), start + self._recipients_max - len(self._recipients))
            self._recipients += recipients[start:end]
            self._users.append(users[start:end])
            start = end
            if len(self._recipients) == self._recipients_max:
                full += self.rest()
        return full

    def rest(self) -> list[Batch]:
        """Return what has been taken and not yet returned: no batch or one."""
        if not self._recipients:
            return []
        users = np.concatenate(self._users)
        languages = self._unit.languages.first_of(users)
        batch = Batch(self._unit, self._recipients, users, found_s=self._asked_s, languages=languages)
        self._recipients, self._users = [], []
        return [batch]
