"""Claims: takes due units from the record, and keeps their leases alive until they are settled.

Bounded: a unit is asked for only when a lane has a sweep free for it; a lease ends by itself `lease_s` after the last
extension, so a dead process holds nothing for longer.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import structlog

import sql.work
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.fanout.unit import HeldUnit
from push.message.sound import Sound
from runtime.clock import now, wall_s
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from sql.database import Pool
    from sql.work import UnitRow

POLL_INTERVAL_S = 1.0
"""How often a lane without work looks for some although it was not woken: leases of the dead run out silently."""

REWOUND_S = 0.2
"""How soon a record that has gone back is asked again: it is looked at within a second."""

EXTENSIONS_PER_LEASE = 4
HALTED_MAX = 1024
"""Alerts of which it is known when they were stopped last: it matters for as long as one claim takes."""

FAILURES_MAX = 3
PARKED_MAX = 1000
"""More units that cannot be read are no accident: they are tried again and again, and the log says so."""

TURNS_MAX = 16
"""More alerts at once in one lane take turns in a less regular order."""

USUAL_SOUND = Sound()
URGENT = timedelta(minutes=10)
"""A third of the 30 minutes: who has less left goes before all turns."""

_log = structlog.get_logger("push.fanout.claims")


class Claims:
    """The units that this process holds.

    `known_seq`: the newest event of the audit trail that is known. A record without it has gone back in time: what it
    hands out is given back, and `on_rewound` called, until whoever looks at that lowers `known_seq`.
    """

    def __init__(
        self, pool: Pool, lease_s: float, sound: Sound = USUAL_SOUND, alarms: AlarmBoard | None = None
    ) -> None:
        self.owner: UUID = uuid4()
        self._alarms = alarms or AlarmBoard()
        self._failures: dict[int, int] = {}
        self._parked: set[int] = set()
        self._pool = pool
        self._lease_s = lease_s
        self._sound = sound
        self._held: dict[int, HeldUnit] = {}
        self._halted_s: dict[UUID, float] = {}
        self._turns: dict[str, list[UUID]] = {}
        self._changed = asyncio.Event()
        self.known_seq = 0
        self.on_rewound: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """Say that there may be new work."""
        self._changed.set()

    async def next_unit(self, lane: str) -> HeldUnit:
        """Wait for the lane's most urgent due unit and hold it."""
        while True:
            self._changed.clear()
            known_seq = self.known_seq
            # Counted from the attempt that was answered: an outage before it takes nothing from lease and expiry.
            asked_s, asked_wall_s, row = await retry_until_available(
                partial(self._claim, lane), UNAVAILABLE_ERRORS, "postgresql"
            )
            if row is not None and row.trail_seq < known_seq:
                await self._refuse(row)
                continue
            if row is not None:
                self._take_turn(lane, row.alert_id)
                silent = self._sound.silent(row.ring, now())
                try:
                    unit = HeldUnit(row, asked_s, asked_wall_s, self._lease_s, silent=silent)
                except msgspec.MsgspecError as error:
                    # Content that another version wrote: its own servers send it.
                    await self._park(row, type(error).__name__)
                    continue
                self._held[row.id] = unit
                # A stop may have been received while this was asked for: then it is not known which came first.
                unit.halted = self._halted_s.get(row.alert_id, -1.0) >= asked_s
                return unit
            try:
                async with asyncio.timeout(POLL_INTERVAL_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _refuse(self, row: UnitRow) -> None:
        """Give back what a record hands out that has gone back in time: it may have been withdrawn since."""
        _log.error("unit.of_old_record", unit=row.id, lane=row.lane, trail_seq=row.trail_seq)
        self.on_rewound()
        await self._give_back(row.id)
        await asyncio.sleep(REWOUND_S)

    async def _claim(self, lane: str) -> tuple[float, float, UnitRow | None]:
        asked_s, asked_wall_s = asyncio.get_running_loop().time(), wall_s()
        lease, turns = timedelta(seconds=self._lease_s), self._turns.get(lane, [])
        excluded = [*self._held, *self._parked]
        # Whom a halted unit leaves, another process may notify: until it is given back, no wider ring is searched.
        interrupted = [unit.row.id for unit in self._held.values() if unit.over or unit.interrupted]
        row = await sql.work.claim(self._pool, lane, self.owner, lease, excluded, turns, URGENT, interrupted)
        return asked_s, asked_wall_s, row

    def _take_turn(self, lane: str, alert: UUID) -> None:
        """Put an alert behind all others of a lane."""
        others = [one for one in self._turns.get(lane, []) if one != alert]
        self._turns[lane] = [*others[1 - TURNS_MAX :], alert]

    @property
    def held(self) -> list[HeldUnit]:
        """What this process holds."""
        return [*self._held.values()]

    def halt(self, alert_id: UUID) -> None:
        """Stop what is held of an alert: nothing more of it is sent, until it is claimed anew."""
        self._halted_s.pop(alert_id, None)
        self._halted_s[alert_id] = asyncio.get_running_loop().time()
        if len(self._halted_s) > HALTED_MAX:
            del self._halted_s[next(iter(self._halted_s))]
        for unit in self._held.values():
            unit.halted = unit.halted or unit.row.alert_id == alert_id

    async def finish_if_complete(self, unit: HeldUnit) -> None:
        """Mark a unit done when everybody found in it is settled, or give it back when it was interrupted."""
        if not unit.complete or unit.row.id not in self._held:
            return
        if unit.interrupted:
            await self._give_back(unit.row.id)
        else:
            await retry_until_available(
                lambda: sql.work.finish(self._pool, unit.row.id, self.owner, unit.found),
                UNAVAILABLE_ERRORS,
                "postgresql",
            )
        self._held.pop(unit.row.id, None)
        if unit.interrupted:
            self.wake()

    async def fail(self, unit: HeldUnit, why: str) -> None:
        """Give back a unit that cannot be swept; one that fails for the third time is parked until the next start."""
        unit.interrupted = unit.swept = True
        if len(self._failures) >= PARKED_MAX:
            self._failures.clear()
        failures = self._failures[unit.row.id] = self._failures.get(unit.row.id, 0) + 1
        _log.error("unit.failed", unit=unit.row.id, lane=unit.row.lane, error=why, failures=failures)
        if failures >= FAILURES_MAX:
            await self._park(unit.row, why)
        await self.finish_if_complete(unit)

    async def _park(self, row: UnitRow, why: str) -> None:
        """Leave a unit alone from now on, so that it holds up no other."""
        self._failures.pop(row.id, None)
        if len(self._parked) < PARKED_MAX:
            self._parked.add(row.id)
        self.report(row.lane, f"unit {row.id} of alert {row.alert_id} is parked: {why}")
        await self._give_back(row.id)

    async def _give_back(self, unit_id: int) -> None:
        await retry_until_available(
            lambda: sql.work.give_back(self._pool, unit_id, self.owner), UNAVAILABLE_ERRORS, "postgresql"
        )

    def report(self, lane: str, detail: str) -> None:
        """Raise the alarm that something stored cannot be read."""
        _log.error("data.unreadable", lane=lane, detail=detail)
        self._alarms.raise_alarm(AlarmKind.UNREADABLE_DATA, lane, None, detail)

    def outstanding(self, row: UnitRow) -> list[NDArray[np.int64]]:
        """Return whom this process is about to notify there for other rings of the same alert and lane."""
        return [
            batch.users
            for unit in self._held.values()
            if unit.row.id != row.id
            and (unit.row.alert_id, unit.row.notice, unit.row.lane) == (row.alert_id, row.notice, row.lane)
            and unit.row.shard_from < row.shard_to
            and unit.row.shard_to > row.shard_from
            for batch in unit.batches
        ]

    def drop(self, unit: HeldUnit) -> None:
        """Drop a unit whose lease is lost; another process may have its recipients now."""
        unit.dropped = True
        self._held.pop(unit.row.id, None)

    async def keep(self) -> None:
        """Extend the leases of all held units in good time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._lease_s / EXTENSIONS_PER_LEASE)
            if not self._held:
                continue
            asked_s = loop.time()
            ids = [*self._held]
            kept = await retry_until_available(
                partial(sql.work.extend, self._pool, ids, self.owner, timedelta(seconds=self._lease_s)),
                UNAVAILABLE_ERRORS,
                "postgresql",
            )
            for unit_id in ids:
                unit = self._held.get(unit_id)
                if unit is None:
                    continue
                if unit_id in kept:
                    unit.lease_until_s = asked_s + self._lease_s
                elif not unit.complete:
                    _log.warning("unit.lost", unit=unit_id, lane=unit.row.lane)
                    self.drop(unit)

    async def release(self) -> None:
        """Give back what is claimed and undone; called once, when nothing sends any more."""
        self._held.clear()
        await sql.work.release(self._pool, self.owner)
