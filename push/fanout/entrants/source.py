"""The source of a lane's batches for late entrants, beside its sweeps.

It claims what is for the entrants of an alert, keeps it as long as there are some, and works through what is noted in
the record: all alerts at once, so that its statements do not follow their number. Bounded: `ENTRANTS_MAX` entrants and
`ALERTS_MAX` new alerts a step, a step every `APART_S` at most, and the queue's room.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import structlog

import sql.entrants
from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from geo.connection import raise_if_mistake
from push.fanout.claims.unit import Batch
from push.fanout.entrants.record import EntrantRecord
from push.fanout.entrants.unit import EntrantsUnit
from runtime.clock import wall_s
from runtime.retry import STORE_CAP_S, full_jitter_s, retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from push.fanout.claims.claims import Claims
    from push.fanout.entrants.sifting import Sifting
    from push.fanout.queue import LaneQueue
    from sql.database import Pool
    from sql.entrants import Entrant
    from sql.work import UnitRow

ENTRANTS_MAX: Final = 4000
ALERTS_MAX: Final = 100
APART_S: Final = 0.2
"""So that those who enter at about the same time share statements and requests."""

POLL_INTERVAL_S: Final = 1.0
"""How often it looks although it was not woken, while it holds something; else `push.fanout.entrants.looking` does."""

WAIT: Final = timedelta(seconds=1)
LINGER_S: Final = 10.0
"""For so long what is for the entrants of an alert is held without any."""

SHOWN_EVERY_S: Final = 0.5

_log = structlog.get_logger("push.fanout.entrants")


class EntrantSource:
    """Turns the entrants of one lane into batches."""

    def __init__(
        self, lane: str, *, sifting: Sifting, pool: Pool, claims: Claims, queue: LaneQueue, recipients_max: int
    ) -> None:
        self._lane = lane
        self._sifting = sifting
        self._pool = pool
        self._claims = claims
        self._queue = queue
        self._recipients_max = recipients_max
        self._record = EntrantRecord(lane, pool, claims)
        self._units: dict[UUID, EntrantsUnit] = {}
        self._to_show: set[UUID] = set()
        self._shown_s = float("-inf")
        self._woken = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """Look at once: somebody entered, or a batch is settled."""
        self._woken.set()

    async def run(self) -> None:
        """Work step by step until cancelled."""
        await self._claims.compared.wait()
        while True:
            self._woken.clear()
            try:
                await retry_until_available(self._step, UNAVAILABLE_ERRORS, "postgresql")
                self._failures = 0
            except INDEX_UNAVAILABLE_ERRORS as error:
                raise_if_mistake(error)
                self._failures += 1
                if self._failures == 1:
                    _log.warning("store.away", store="redis", lane=self._lane, error=type(error).__name__)
                await asyncio.sleep(full_jitter_s(self._failures, cap_s=STORE_CAP_S))
            await asyncio.sleep(APART_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_S if self._units or self._to_show else None):
                    await self._woken.wait()

    async def _step(self) -> None:
        await self._end_settled()
        await self._claim()
        now_s = self._now_s()
        aside = self._record.aside
        going_on = {
            alert: unit
            for alert, unit in self._units.items()
            if not unit.over and not unit.gathers(now_s) and alert not in aside
        }
        if going_on:
            begun = [entry for unit in going_on.values() for entry in unit.entries]
            due = await sql.entrants.due(self._pool, self._lane, [*going_on], begun, ENTRANTS_MAX)
            if due:
                await self._work(going_on, due)
            if len(due) == ENTRANTS_MAX:
                self.wake()
        await self._show()
        await self._let_go()

    async def _work(self, units: dict[UUID, EntrantsUnit], due: Sequence[Entrant]) -> None:
        now_s = self._now_s()
        for alert in {entrant.alert_id for entrant in due}:
            units[alert].idle_s = now_s
        sifted = await self._sifting.sift(units, due)
        for alert, why in sifted.unreadable.items():
            self._park(units[alert], why)
        if sifted.remove:
            await self._record.remove(sifted.remove)
        if sifted.wait:
            await self._record.put_off(sifted.wait, WAIT)
        for alert, entrants in sifted.notify.items():
            for start in range(0, len(entrants), self._recipients_max):
                await self._put(units[alert], entrants[start : start + self._recipients_max], sifted.asked_s)

    def _park(self, unit: EntrantsUnit, why: str) -> None:
        """Leave a unit alone that cannot be read here; it is given back once what is queued of it has drained."""
        unit.halted = True
        self._claims.unreadable.park(unit.row, why)

    async def _put(self, unit: EntrantsUnit, entrants: Sequence[Entrant], asked_s: float) -> None:
        if unit.over:
            return
        users = np.array([entrant.user for entrant in entrants], dtype=np.int64)
        batch = Batch(unit, [b"%d" % user for user in users.tolist()], users, found_s=asked_s)
        unit.begin(batch, entrants, self._now_s())
        await self._queue.put(batch)

    async def _end_settled(self) -> None:
        """Remove from the record for whom nothing is left to be done."""
        settled = {alert: some for alert, unit in self._units.items() if (some := unit.settled())}
        if not settled:
            return
        removed = await self._record.remove(entrant for some in settled.values() for entrant in some)
        for alert, some in settled.items():
            # Who is still noted is found in the ledger by whoever looks at this alert next.
            self._units[alert].forget(some)
        self._to_show |= {entrant.alert_id for entrant in removed}

    async def _show(self) -> None:
        """Have the counts of those alerts read again of which somebody was notified."""
        if self._to_show and self._now_s() - self._shown_s >= SHOWN_EVERY_S:
            self._to_show -= await self._record.shown(self._to_show)
            self._shown_s = self._now_s()

    async def _claim(self) -> None:
        """Claim what is free for entrants that are due; follow a ring that came due, and a life that was extended."""
        asked_s, asked_wall_s, known_seq = self._now_s(), wall_s(), self._claims.known_seq
        leases = self._claims.leases
        held = [unit.row.id for unit in self._units.values()]
        old = [unit.row.id for unit in self._units.values() if unit.is_old(asked_s)]
        rows = await self._record.claim(timedelta(seconds=leases.lease_s), held, old, ALERTS_MAX)
        # What is held already is stopped by whoever looks at a record that has gone back.
        if await self._claims.is_refused([row for row in rows if row.alert_id not in self._units], known_seq):
            return
        for row in rows:
            unit = self._units.get(row.alert_id)
            if unit is None:
                await self._hold(row, asked_s, asked_wall_s)
            else:
                silent, morning = self._claims.sound_of(row)
                try:
                    unit.renew(row, asked_s, silent=silent, morning=morning)
                except msgspec.MsgspecError as error:
                    self._park(unit, type(error).__name__)

    async def _hold(self, row: UnitRow, asked_s: float, asked_wall_s: float) -> None:
        leases, (silent, morning) = self._claims.leases, self._claims.sound_of(row)
        try:
            unit = EntrantsUnit(
                row,
                asked_s,
                asked_wall_s,
                leases.lease_s,
                silent=silent,
                morning=morning,
                changed=self.wake,
                clock=self._claims.clock.now,
            )
        except msgspec.MsgspecError as error:
            # Content that another version wrote: its own servers send it.
            await self._claims.park(row, type(error).__name__)
            return
        leases.hold(unit, asked_s)
        self._units[row.alert_id] = unit

    async def _let_go(self) -> None:
        """Give back what was stopped or lost, once it is drained, and what has had nothing to do for a while."""
        now_s = self._now_s()
        for alert, unit in [*self._units.items()]:
            if unit.batches or not (unit.over or (now_s - unit.idle_s > LINGER_S and not unit.entries)):
                continue
            del self._units[alert]
            await self._claims.leases.let_go(unit)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
