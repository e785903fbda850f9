"""Asks the record which sweeps are open, and for their units, without what it refuses of single ones.

A row that is damaged, or that breaks a rule, would hold up whatever is asked for with it: it is found, and left aside.
Bounded: `sql.apart`, and `push.fanout.claims.refused_rows`; `SWEEPS_MAX` sweeps of a lane are looked at one by one.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import sql.work
from push.fanout.claims.refused_rows import FORGOTTEN_S, Of
from runtime.clock import wall_s
from sql.apart import apart, one_row
from sql.database import ROW_ERRORS, UNAVAILABLE_ERRORS, RecordPool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from push.fanout.claims.leases import Leases
    from push.fanout.claims.refused_rows import RefusedRows
    from push.fanout.claims.unreadable import Unreadable
    from sql.database import Pool
    from sql.work import OpenSweep, UnitRow

SWEEPS_MAX: Final = 10_000

UNITS_IN_A_ROW_MAX: Final = 3
"""More refused units of one sweep, and none taken in between, are no single rows."""

ALL_CLAIMS: Final = "claims of several alerts"
"""What is refused, where none of them is taken."""


class Claimed(NamedTuple):
    """What was claimed, asked for when by the event loop's and the wall clock, and of which sweeps some was refused."""

    asked_s: float
    asked_wall_s: float
    rows: list[UnitRow]
    refused: frozenset[int]


class Asking:
    """Asks for what this process may claim."""

    def __init__(self, pool: Pool, leases: Leases, unreadable: Unreadable, refused: RefusedRows) -> None:
        self._pool = pool
        self._leases = leases
        self._unreadable = unreadable
        self._refused = refused
        self._in_a_row: dict[int, int] = {}
        # Since something was claimed last.
        self._alerts_refused: dict[UUID, float] = {}

    async def open_sweeps(self, lanes: Sequence[str]) -> list[OpenSweep]:
        """Return the sweeps of these lanes that have a unit to claim, without those that are left aside."""
        found: list[OpenSweep] = []
        parked, aside = self._left_aside(), self._refused.aside(Of.SWEEP, Of.HELD_SWEEP, Of.PUT_OFF)

        async def of_lanes(some: Sequence[str]) -> None:
            found.extend(await sql.work.open_sweeps(self._pool, some, parked, aside))

        for lane in await apart(of_lanes, lanes):
            try:
                found += await self._open_apart(lane, {*aside})
            except ROW_ERRORS as error:
                # Which of its sweeps it is nobody can say: all of this lane wait, and no others.
                self._unreadable.report(lane, f"the list of its sweeps: {type(error).__name__}")
        return found

    async def _open_apart(self, lane: str, aside: set[int]) -> list[OpenSweep]:
        """Return the open sweeps of a lane, of which some cannot be read; those are left aside."""
        sweeps = {one.id: one for one in await sql.work.sweep_ids(self._pool, [lane], SWEEPS_MAX)}
        found: list[OpenSweep] = []

        async def of_sweeps(some: Sequence[int]) -> None:
            without = [*(sweeps.keys() - {*some})]
            found.extend(await sql.work.open_sweeps(self._pool, [lane], self._left_aside(), without))

        refused = await apart(of_sweeps, [one for one in sweeps if one not in aside])
        for sweep, error in refused.items():
            self._refused.note((Of.SWEEP, sweep), lane, sweeps[sweep].alert_id, error)
        # Those behind the last one that was refused were not asked about, where many are.
        return [one for one in found if one.id in sweeps]

    async def claim(self, sweeps: Sequence[OpenSweep], units_max: int) -> Claimed:
        """Claim up to `units_max` units of these sweeps, in their order; of those next to a refused one, some more."""
        asked_s, asked_wall_s = asyncio.get_running_loop().time(), wall_s()
        rows: list[UnitRow] = []
        refused: dict[int, Exception] = {}

        async def of_sweeps(some: Sequence[int], units: int = units_max) -> None:
            if len(rows) < units_max:
                rows.extend(await self._claim(some, min(units, units_max - len(rows))))

        try:
            refused = await apart(of_sweeps, [one.id for one in sweeps])
            for sweep in sweeps:
                # One unit, or several of those that were asked for together.
                if sweep.id in refused:
                    for error in (await apart(partial(of_sweeps, units=1), [sweep.id])).values():
                        await self._leave_aside(sweep, error)
        except UNAVAILABLE_ERRORS:
            if not rows:
                raise
        self._judge(rows, [(one, refused[one.id]) for one in sweeps if one.id in refused])
        return Claimed(asked_s, asked_wall_s, rows, frozenset(refused))

    def _judge(self, rows: Sequence[UnitRow], refused: Sequence[tuple[OpenSweep, Exception]]) -> None:
        """Say of which rows a claim was taken; where it is of none, of several alerts, the record refuses them all."""
        for row in rows:
            self._refused.taken((Of.UNIT, row.id))
            self._refused.taken((Of.SWEEP, row.sweep_id))
            self._in_a_row.pop(row.sweep_id, None)
        now_s = asyncio.get_running_loop().time()
        if rows:
            self._alerts_refused.clear()
        self._alerts_refused |= {sweep.alert_id: now_s for sweep, _ in refused}
        self._alerts_refused = {one: at for one, at in self._alerts_refused.items() if now_s - at <= FORGOTTEN_S}
        if not isinstance(self._pool, RecordPool):
            return
        if rows:
            self._pool.refusals.taken(ALL_CLAIMS)
        elif refused and len(self._alerts_refused) > 1:
            self._pool.refusals.note(ALL_CLAIMS, type(refused[0][1]).__name__)

    async def _claim(self, sweeps: Sequence[int], units_max: int) -> list[UnitRow]:
        excluded = [*self._leases.ids, *self._left_aside()]
        # Whom a halted unit leaves, another process may notify: until it is given back, no wider ring is searched.
        interrupted = [unit.row.id for unit in self._leases.held if unit.over or unit.interrupted]
        lease = timedelta(seconds=self._leases.lease_s)
        return await sql.work.claim(self._pool, sweeps, self._leases.owner, lease, excluded, units_max, interrupted)

    def _left_aside(self) -> list[int]:
        """Return the units that cannot be read here, and those that the record refuses."""
        return [*self._unreadable.parked, *self._refused.aside(Of.UNIT, Of.END)]

    async def _leave_aside(self, sweep: OpenSweep, error: Exception) -> None:
        """Leave the unit aside that would be claimed next of a sweep; the sweep, where more than a few are refused."""
        if len(self._in_a_row) > SWEEPS_MAX:
            self._in_a_row.clear()
        in_a_row = self._in_a_row[sweep.id] = self._in_a_row.get(sweep.id, 0) + 1
        unit: int | Exception | None = None
        if in_a_row <= UNITS_IN_A_ROW_MAX:
            first_free = partial(sql.work.first_free, self._pool, sweep.id, [*self._leases.ids, *self._left_aside()])
            unit = await one_row(first_free)
        key = (Of.UNIT, unit) if isinstance(unit, int) else (Of.SWEEP, sweep.id)
        self._refused.note(key, sweep.lane, sweep.alert_id, error)
