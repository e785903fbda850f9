"""Claims: takes due units from the record, and keeps their leases alive until they are settled.

The record says which sweeps are open, at most every `REFRESH_LEAST_S`; from these, in their order, units are claimed.
Bounded: a unit is asked for only when a lane has a sweep free for it, and a few more where they are small; a lease ends
by itself `lease_s` after the last extension, so a dead process holds nothing for longer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import structlog

import sql.work
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.fanout.lane_claims import LaneClaims
from push.fanout.unit import HeldUnit, overlap
from push.message.sound import Sound
from runtime.clock import now, wall_s
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sql.database import Pool
    from sql.work import UnitRow

POLL_INTERVAL_S = 1.0
"""How often a lane without work looks for some although it was not woken: leases of the dead run out silently."""

EXTENSIONS_PER_LEASE = 4
HALTED_MAX = 1024
"""Alerts of which it is known when they were stopped last: it matters for as long as one claim takes."""

FAILURES_MAX = 3
PARKED_MAX = 1000
"""More units that cannot be read are no accident: they are tried again and again, and the log says so."""

REFRESH_LEAST_S = 0.02
"""Between two looks at which sweeps are open, however often this is woken."""

CANDIDATES_MAX = 8
"""Sweeps that one claim looks at."""

USUAL_SOUND = Sound()

_log = structlog.get_logger("push.fanout.claims")


class Claims:
    """The units that this process holds."""

    def __init__(
        self, pool: Pool, lease_s: float, sound: Sound = USUAL_SOUND, alarms: AlarmBoard | None = None
    ) -> None:
        self.owner: UUID = uuid4()
        self._alarms = alarms or AlarmBoard()
        self._failures: dict[int, int] = {}
        self._parked: set[int] = set()
        self._pool = pool
        self.lease_s = lease_s
        self._sound = sound
        self._held: dict[int, HeldUnit] = {}
        self._halted_s: dict[UUID, float] = {}
        self._lanes: dict[str, LaneClaims] = {}
        self._refreshing = asyncio.Lock()
        self._refreshed_s = float("-inf")
        self._stale = True
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Say that there may be new work."""
        self._stale = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def next_unit(self, lane: str) -> HeldUnit:
        """Wait for the lane's most urgent due unit and hold it."""
        claims = self._lane(lane)
        while True:
            changed = self._changed
            while not claims.ahead:
                if not await self._claim(claims):
                    break
            if claims.ahead:
                unit = claims.ahead.popleft()
                if not unit.over:
                    return unit
                unit.interrupted = unit.swept = True
                await self.finish_if_complete(unit)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_S):
                    await changed.wait()

    def _lane(self, lane: str) -> LaneClaims:
        if lane not in self._lanes:
            self._lanes[lane] = LaneClaims()
            self._stale = True
        return self._lanes[lane]

    async def _claim(self, claims: LaneClaims) -> bool:
        """Claim units of a lane's open sweeps; False when there are none."""
        async with claims.claiming:
            if claims.ahead:
                return True
            await self._refresh()
            wanted = claims.open.wanted(CANDIDATES_MAX)
            if not wanted:
                return False
            asked_s, asked_wall_s = self._now_s(), wall_s()
            units_max = claims.units_max
            rows = await retry_until_available(
                lambda: sql.work.claim(
                    self._pool,
                    wanted,
                    self.owner,
                    timedelta(seconds=self.lease_s),
                    [*self._held, *self._parked],
                    units_max,
                ),
                UNAVAILABLE_ERRORS,
                "postgresql",
            )
            if len(rows) < units_max:
                claims.open.exhaust(set(wanted) - {row.sweep_id for row in rows})
            for row in rows:
                claims.open.take_turn(row.alert_id, is_follow_up=row.ring == 0)
                await self._hold(row, claims, asked_s, asked_wall_s)
            return True

    def is_silent(self, row: UnitRow) -> bool:
        """Tell whether what is sent for a unit now makes no sound."""
        return self._sound.silent(row.ring, now())

    def hold(self, unit: HeldUnit, asked_s: float) -> None:
        """Hold a unit whose claim was asked for at `asked_s`, by the event loop's clock."""
        self._held[unit.row.id] = unit
        # A stop may have been received while this was asked for: then it is not known which came first.
        unit.halted = self._halted_s.get(unit.row.alert_id, -1.0) >= asked_s

    async def let_go(self, unit: HeldUnit) -> None:
        """Give back a unit with nothing left to be done, whatever the record says of it."""
        self._held.pop(unit.row.id, None)
        if not unit.dropped:
            await retry_until_available(
                lambda: sql.work.give_back(self._pool, unit.row.id, self.owner), UNAVAILABLE_ERRORS, "postgresql"
            )

    async def _hold(self, row: UnitRow, claims: LaneClaims, asked_s: float, asked_wall_s: float) -> None:
        try:
            unit = HeldUnit(row, asked_s, asked_wall_s, self.lease_s, silent=self.is_silent(row))
        except msgspec.MsgspecError as error:
            # Content that another version wrote: its own servers send it.
            await self._park(row, type(error).__name__)
            return
        self.hold(unit, asked_s)
        claims.ahead.append(unit)

    async def _refresh(self) -> None:
        """Read which sweeps are open, where this was woken since, or a lease may have ended."""
        async with self._refreshing:
            age_s = self._now_s() - self._refreshed_s
            if age_s < POLL_INTERVAL_S and not (self._stale and age_s >= REFRESH_LEAST_S):
                return
            self._stale, self._refreshed_s = False, self._now_s()
            sweeps = await retry_until_available(
                lambda: sql.work.open_sweeps(self._pool, [*self._lanes]), UNAVAILABLE_ERRORS, "postgresql"
            )
            for lane, claims in self._lanes.items():
                claims.open.replace([sweep for sweep in sweeps if sweep.lane == lane])

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def refill(self, row: UnitRow) -> None:
        """Look again at what waited for a unit that is searched or done."""
        claims = self._lanes.get(row.lane)
        if claims is not None and claims.open.refill(row.alert_id):
            self._notify()

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
            await self.let_go(unit)
            self.wake()
            return
        await retry_until_available(
            lambda: sql.work.finish(self._pool, unit.row.id, self.owner, unit.found), UNAVAILABLE_ERRORS, "postgresql"
        )
        self._held.pop(unit.row.id, None)
        self._lane(unit.row.lane).note_found(unit.found)
        self.refill(unit.row)

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
        await retry_until_available(
            lambda: sql.work.give_back(self._pool, row.id, self.owner), UNAVAILABLE_ERRORS, "postgresql"
        )

    def report(self, lane: str, detail: str) -> None:
        """Raise the alarm that something stored cannot be read."""
        _log.error("data.unreadable", lane=lane, detail=detail)
        self._alarms.raise_alarm(AlarmKind.UNREADABLE_DATA, lane, None, detail)

    def report_row(self, row: UnitRow) -> None:
        """Raise the alarm that a row of an alert's ledger cannot be read."""
        self.report(row.lane, f"a row of the ledger of alert {row.alert_id}")

    def outstanding(self, row: UnitRow) -> list[NDArray[np.int64]]:
        """Return whom this process is about to notify there for other rings of the same alert and lane."""
        return [
            batch.users
            for unit in self._held.values()
            if unit.row.id != row.id and overlap(unit.row, row)
            for batch in unit.batches
        ]

    def drop(self, unit: HeldUnit) -> None:
        """Drop a unit whose lease is lost; another process may have its recipients now.

        Units of wider rings that were claimed because this process had it are given back.
        """
        unit.dropped = True
        self._held.pop(unit.row.id, None)
        for other in () if unit.row.entrants else self._held.values():
            other.halted = other.halted or (unit.row.ring < other.row.ring and overlap(unit.row, other.row))

    async def keep(self) -> None:
        """Extend the leases of all held units in good time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.lease_s / EXTENSIONS_PER_LEASE)
            if not self._held:
                continue
            asked_s = loop.time()
            ids = [*self._held]
            kept = await retry_until_available(
                partial(sql.work.extend, self._pool, ids, self.owner, timedelta(seconds=self.lease_s)),
                UNAVAILABLE_ERRORS,
                "postgresql",
            )
            for unit_id in ids:
                unit = self._held.get(unit_id)
                if unit is None:
                    continue
                if unit_id in kept:
                    unit.lease_until_s = asked_s + self.lease_s
                elif not unit.complete:
                    _log.warning("unit.lost", unit=unit_id, lane=unit.row.lane)
                    self.drop(unit)

    async def release(self) -> None:
        """Give back what is claimed and undone; called once, when nothing sends any more."""
        self._held.clear()
        await sql.work.release(self._pool, self.owner)
