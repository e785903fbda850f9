"""Claims: takes due units from the record, in the order of the sweeps that the record lists as open.

Which are open is read at most every `REFRESH_LEAST_S`. Bounded: a unit is asked for only when a lane has a sweep free
for it, and a few more where they are small.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog

import sql.reminders
from push.alarms import AlarmBoard
from push.fanout.claims.asking import Asking
from push.fanout.claims.leases import Leases
from push.fanout.claims.open_sweeps import LaneClaims
from push.fanout.claims.refused_rows import Of, RefusedRows
from push.fanout.claims.unit import HeldUnit
from push.fanout.claims.unreadable import Unreadable
from push.message.sound import Sound, Sounds
from push.notice import Notice
from runtime.clock import ComparedClock
from runtime.retry import retry_until_available
from sql.apart import TRIES, one_row
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from push.message.sound import Morning
    from push.notice import SubjectKind
    from sql.database import Pool
    from sql.work import UnitRow

POLL_INTERVAL_S = 1.0
"""How often a lane without work looks for some although it was not woken: leases of the dead run out silently."""

REWOUND_S = 0.2
"""How soon a record that has gone back is asked again: it is looked at within a second."""

REFRESH_LEAST_S = 0.02
"""Between two looks at which sweeps are open, however often this is woken."""

REFRESH_SHARE = 0.2
"""The looks take this share of the time at most, because many alerts make each take longer, and come more often."""

REFUSED_S = 0.1
"""Between two claims where the record refused all that was asked for."""

CANDIDATES_MAX = 8
"""Sweeps that one claim looks at."""

USUAL_SOUND = Sound()

_log = structlog.get_logger("push.fanout.claims.claims")


class Claims:
    """What of the record's due work this process takes on.

    `known_seq`: the newest event of the audit trail that is known. A record without it has gone back in time: what it
    hands out is given back, and `on_rewound` called, until whoever looks at that lowers `known_seq`.
    `compared`: nothing is claimed before it is set, because nobody can say yet how far the record was. `clock` is the
    record's.
    """

    def __init__(
        self,
        pool: Pool,
        lease_s: float,
        sound: Sound = USUAL_SOUND,
        alarms: AlarmBoard | None = None,
        sound_by_kind: Mapping[SubjectKind, Sound] | None = None,
        clock: ComparedClock | None = None,
    ) -> None:
        self.clock = clock or ComparedClock()
        alarms = alarms or AlarmBoard()
        self.unreadable = Unreadable(alarms)
        self.refused = RefusedRows(alarms)
        self.leases = Leases(pool, lease_s, self.refused)
        self._asking = Asking(pool, self.leases, self.unreadable, self.refused)
        self._pool = pool
        self.sounds = Sounds(sound, {kind.value: one for kind, one in (sound_by_kind or {}).items()})
        self._lanes: dict[str, LaneClaims] = {}
        self._refreshing = asyncio.Lock()
        self._refreshed_s = float("-inf")
        self._apart_s = REFRESH_LEAST_S
        self._stale = True
        self._changed = asyncio.Event()
        self.known_seq = 0
        self.compared = asyncio.Event()
        self.compared.set()
        self.on_rewound: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """Say that there may be new work."""
        self._stale = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def next_unit(self, lane: str) -> HeldUnit:
        """Wait for the lane's most urgent due unit, which is held from then on."""
        claims = self._lane(lane)
        await self.compared.wait()
        while True:
            changed = self._changed
            while not claims.ahead:
                if not await self._claim(lane, claims):
                    break
            if claims.ahead:
                unit = claims.ahead.popleft()
                if not unit.over:
                    return unit
                unit.interrupted = unit.swept = True
                await self.finish_if_complete(unit)
                continue
            # Woken too soon after the last look to look again: then that is made up for, and not only at the next poll.
            wait_s = self._apart_s if self._stale else POLL_INTERVAL_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await changed.wait()

    def _lane(self, lane: str) -> LaneClaims:
        if lane not in self._lanes:
            self._lanes[lane] = LaneClaims()
            self._stale = True
        return self._lanes[lane]

    async def _claim(self, lane: str, claims: LaneClaims) -> bool:
        """Claim units of a lane's open sweeps; False when there are none."""
        async with claims.claiming:
            if claims.ahead:
                return True
            await self._refresh()
            wanted = claims.open.wanted(CANDIDATES_MAX)
            is_last = claims.open.are_last(wanted)
            # What comes last has one of the lane's sweeps, so that one is free for whatever else comes.
            if not wanted or (is_last and self.leases.are_searching_last(lane)):
                return False
            known_seq, units_max = self.known_seq, claims.units_max(wanted)
            claim = partial(self._asking.claim, claims.open.of(wanted), units_max)
            asked_s, asked_wall_s, rows, refused = await retry_until_available(claim, UNAVAILABLE_ERRORS, "postgresql")
            if await self.is_refused(rows, known_seq):
                return True
            looked_at = [one for one in wanted if one not in refused]
            claims.open.note_claim(looked_at, [row.sweep_id for row in rows], units_max)
            claims.open.exhaust(refused.intersection(self.refused.aside(Of.SWEEP)))
            if refused and not rows:
                await asyncio.sleep(REFUSED_S)
            for row in rows:
                claims.open.take_turn(row.alert_id, is_follow_up=row.ring == 0)
                await self._hold(row, claims, asked_s, asked_wall_s, is_last=is_last)
            return True

    async def is_refused(self, rows: list[UnitRow], known_seq: int) -> bool:
        """Give back what a record hands out that has gone back in time: it may have been withdrawn since.

        `known_seq`: what was known before it was asked. Returns whether it has gone back.
        """
        if not rows or rows[0].trail_seq >= known_seq:
            return False
        self.on_rewound()
        for row in rows:
            _log.error("unit.of_old_record", unit=row.id, lane=row.lane, trail_seq=row.trail_seq)
            await self.leases.give_back(row)
        await asyncio.sleep(REWOUND_S)
        return True

    def sound_of(self, row: UnitRow) -> tuple[bool, Morning | None]:
        """Tell whether what is sent for a unit now makes no sound, and when who gets none is reminded; None: never."""
        sound, moment = self.sounds.of(row.subject_kind), self.clock.now()
        return sound.silent(row.nearness, moment), sound.morning_after(moment) if sound.morning_reminder else None

    async def _sounds_until(self, row: UnitRow, claims: LaneClaims, asked_s: float) -> float | None:
        """Return until when a reminder may be sent, by the event loop's clock; None: it is night, and it is put off."""
        # By the record's clock, which decides when it is due.
        sound, moment = self.sounds.of(row.subject_kind), row.expires - timedelta(seconds=row.left_s)
        night = sound.night_after(moment)
        if not sound.is_night(moment):
            return math.inf if night is None else asked_s + (night - moment).total_seconds()
        claims.open.exhaust([row.sweep_id])
        put_off = partial(sql.reminders.put_off, self._pool, row.sweep_id, sound.morning_after(moment).at)
        if isinstance(error := await one_row(put_off), Exception):
            self.refused.note((Of.PUT_OFF, row.sweep_id), row.lane, row.alert_id, error, TRIES)
        else:
            self.refused.taken((Of.PUT_OFF, row.sweep_id))
        await self.leases.give_back(row)
        _log.info("reminder.put_off", alert=str(row.alert_id), lane=row.lane)
        return None

    async def _hold(
        self, row: UnitRow, claims: LaneClaims, asked_s: float, asked_wall_s: float, *, is_last: bool
    ) -> None:
        until_s: float | None = math.inf
        if row.notice == Notice.REMINDER:
            until_s = await self._sounds_until(row, claims, asked_s)
        if until_s is None:
            return
        silent, morning = self.sound_of(row)
        try:
            unit = HeldUnit(
                row,
                asked_s,
                asked_wall_s,
                self.leases.lease_s,
                silent=silent and row.notice != Notice.REMINDER,
                morning=morning,
                sounds_until_s=until_s,
                clock=self.clock.now,
            )
        except msgspec.MsgspecError as error:
            # Content that another version wrote: its own servers send it.
            await self.park(row, type(error).__name__)
            return
        unit.is_last = is_last
        self.leases.hold(unit, asked_s)
        claims.ahead.append(unit)

    async def _refresh(self) -> None:
        """Read which sweeps are open, where this was woken since, or a lease may have ended."""
        async with self._refreshing:
            age_s = self._now_s() - self._refreshed_s
            if age_s < POLL_INTERVAL_S and not (self._stale and age_s >= self._apart_s):
                return
            self._stale, self._refreshed_s = False, self._now_s()
            read = partial(self._asking.open_sweeps, [*self._lanes])
            sweeps = await retry_until_available(read, UNAVAILABLE_ERRORS, "postgresql")
            took_s = self._now_s() - self._refreshed_s
            self._apart_s = max(REFRESH_LEAST_S, min(POLL_INTERVAL_S, took_s / REFRESH_SHARE))
            for lane, claims in self._lanes.items():
                claims.open.replace([sweep for sweep in sweeps if sweep.lane == lane])

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def refill(self, row: UnitRow) -> None:
        """Look again at what waited for a unit that is searched or done."""
        claims = self._lanes.get(row.lane)
        if claims is not None and claims.open.refill(row.alert_id):
            self._notify()

    async def finish_if_complete(self, unit: HeldUnit) -> None:
        """Mark a unit done when everybody found in it is settled, or give it back when it was interrupted."""
        if not unit.complete or unit.row.id not in self.leases.ids:
            return
        await self.leases.settle(unit)
        if unit.interrupted:
            self.wake()
            return
        self._lane(unit.row.lane).note_found(unit.found)
        self.refill(unit.row)

    async def fail(self, unit: HeldUnit, why: str) -> None:
        """Give back a unit that cannot be swept; one that fails for the third time is parked until the next start."""
        unit.interrupted = unit.swept = True
        if self.unreadable.failed(unit.row, why):
            await self.park(unit.row, why)
        await self.finish_if_complete(unit)

    def fail_sending(self, unit: HeldUnit, why: str) -> None:
        """Send nothing more of a unit of which a message cannot be sent: what is left drains, and it is given back.

        One that fails for the third time is parked until the next start.
        """
        if unit.over:
            return
        unit.halted = True
        if self.unreadable.failed(unit.row, why):
            self.unreadable.park(unit.row, why)

    def leave_aside(self, row: UnitRow) -> None:
        """Claim nothing of a unit's sweep for a while: what was sent of its alert is not recorded yet."""
        self.refused.leave_aside((Of.HELD_UNIT, row.id), row.lane, row.alert_id)
        self.refused.leave_aside((Of.HELD_SWEEP, row.sweep_id), row.lane, row.alert_id)

    async def park(self, row: UnitRow, why: str) -> None:
        """Leave a unit alone from now on, so that it holds up no other."""
        self.unreadable.park(row, why)
        await self.leases.give_back(row)
