"""Leases: the units that this process holds, kept until they are settled, given back or lost.

Bounded: a lease ends by itself `lease_s` after its last extension, so a dead process holds nothing for longer; of
`HALTED_MAX` alerts it is known when they were stopped.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import structlog

import sql.work
from push.fanout.claims.refused_rows import Of
from push.fanout.claims.unit import overlap
from runtime.retry import retry_until_available
from sql.apart import TRIES, all_apart, apart, one_row
from sql.database import COMMAND_TIMEOUT_S, UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import KeysView, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from push.fanout.claims.refused_rows import RefusedRows
    from push.fanout.claims.unit import HeldUnit
    from sql.database import Pool
    from sql.work import UnitRow

EXTENSIONS_PER_LEASE: Final = 4
UNANSWERED_SHARE: Final = 0.5
"""For this share of a lease its extension waits for an answer at most: the next attempt comes before the end."""

HALTED_MAX: Final = 1024
"""Alerts of which it is known when they were stopped last: it matters for as long as one claim takes."""

_log = structlog.get_logger("push.fanout.claims.leases")


class Leases:
    """The units that this process, which the record knows as `owner`, holds."""

    def __init__(self, pool: Pool, lease_s: float, refused: RefusedRows) -> None:
        self.owner: UUID = uuid4()
        self.lease_s = lease_s
        self._pool = pool
        self._refused = refused
        self._held: dict[int, HeldUnit] = {}
        self._halted_s: dict[UUID, float] = {}
        # Bounded by what is held and claimed between two ticks.
        self._worked: set[UUID] = set()

    @property
    def held(self) -> list[HeldUnit]:
        """What this process holds."""
        return [*self._held.values()]

    @property
    def ids(self) -> KeysView[int]:
        """The ids of what this process holds."""
        return self._held.keys()

    def hold(self, unit: HeldUnit, asked_s: float) -> None:
        """Hold a unit that was asked for at a moment of the event loop's clock."""
        self._held[unit.row.id] = unit
        self._worked.add(unit.row.alert_id)
        # A stop may have been received meanwhile: then it is not known which came first.
        unit.halted = self._halted_s.get(unit.row.alert_id, -1.0) >= asked_s

    def are_searching_last(self, lane: str) -> bool:
        """Tell whether a unit of a lane that comes last is held, and not searched to its end."""
        return any(one.is_last and one.row.lane == lane and not one.swept for one in self._held.values())

    def take_worked(self) -> set[UUID]:
        """Return of which alerts this process has held units since this was asked last, or holds some now."""
        worked, self._worked = self._worked, {unit.row.alert_id for unit in self._held.values()}
        return worked

    def halt(self, alert_id: UUID) -> None:
        """Stop what is held of an alert: nothing more of it is sent, until it is claimed anew."""
        self._halted_s.pop(alert_id, None)
        self._halted_s[alert_id] = asyncio.get_running_loop().time()
        if len(self._halted_s) > HALTED_MAX:
            del self._halted_s[next(iter(self._halted_s))]
        for unit in self._held.values():
            unit.halted = unit.halted or unit.row.alert_id == alert_id

    def outstanding(self, row: UnitRow) -> list[NDArray[np.int64]]:
        """Return whom this process is about to notify there for other rings of the same alert and lane."""
        return [
            batch.users
            for unit in self._held.values()
            if unit.row.id != row.id and overlap(unit.row, row)
            for batch in unit.batches
        ]

    async def settle(self, unit: HeldUnit) -> None:
        """Record that a unit is done, or that others may have it where it was interrupted, and hold it no longer.

        Where the record refuses that, the lease ends by itself, and the unit is claimed and searched once more.
        """
        if unit.interrupted:
            await self.give_back(unit.row, unit)
        else:

            async def finish() -> bool:
                return await sql.work.finish(
                    self._pool, unit.row.id, self.owner, unit.found, unit.opted_out, _requested_ago(unit)
                )

            self._note(unit.row, await one_row(finish))
        self._held.pop(unit.row.id, None)

    async def note_searched(self, unit: HeldUnit, found: int) -> None:
        """Record that a unit is searched, so that wider rings may be claimed."""
        note = partial(sql.work.note_searched, self._pool, unit.row.id, self.owner, found)
        self._note(unit.row, await one_row(note))

    async def let_go(self, unit: HeldUnit) -> None:
        """Hold a unit no longer of which nothing is left to be sent, and which is never done; others may have it."""
        self._held.pop(unit.row.id, None)
        if not unit.dropped:
            await self.give_back(unit.row, unit)

    async def give_back(self, row: UnitRow, unit: HeldUnit | None = None) -> None:
        """Let others have a unit; `unit`: as it was held, None where it was only claimed."""

        async def give_back() -> None:
            await sql.work.give_back(self._pool, row.id, self.owner, None if unit is None else _requested_ago(unit))

        self._note(row, await one_row(give_back))

    def _note(self, row: UnitRow, answer: object) -> None:
        """Leave a unit aside that the record refused to change."""
        if isinstance(answer, Exception):
            self._refused.note((Of.END, row.id), row.lane, row.alert_id, answer, TRIES)
        else:
            self._refused.taken((Of.END, row.id))

    def drop(self, unit: HeldUnit) -> None:
        """Drop a unit whose lease is lost; another process may have its recipients now.

        Units of other rings that were claimed because this process had it are given back. Late entrants wait for no
        ring.
        """
        unit.dropped = True
        self._held.pop(unit.row.id, None)
        for other in self._held.values():
            waited = not unit.row.entrants and not other.row.entrants and unit.row.ring != other.row.ring
            other.halted = other.halted or (waited and overlap(unit.row, other.row))

    async def keep(self) -> None:
        """Extend the leases of all held units in good time, until cancelled."""
        while True:
            await asyncio.sleep(self.lease_s / EXTENSIONS_PER_LEASE)
            if self._held:
                await retry_until_available(self._extend, UNAVAILABLE_ERRORS, "postgresql")

    async def _extend(self) -> None:
        """Extend all that is held now: also what was claimed while an attempt before this one got no answer."""
        asked_s, ids = asyncio.get_running_loop().time(), [*self._held]
        within_s = min(COMMAND_TIMEOUT_S, self.lease_s * UNANSWERED_SHARE)
        kept: set[int] = set()

        async def extend(some: Sequence[int]) -> None:
            lease = timedelta(seconds=self.lease_s)
            kept.update(await sql.work.extend(self._pool, [*some], self.owner, lease, within_s))

        refused = await all_apart(extend, ids)
        for unit_id in ids:
            unit = self._held.get(unit_id)
            if unit is None:
                continue
            if unit_id in refused:
                self._refused.note((Of.LEASE, unit_id), unit.row.lane, unit.row.alert_id, refused[unit_id])
            else:
                self._refused.taken((Of.LEASE, unit_id))
            # A lease that is refused to be extended still lasts until its end.
            ends = unit_id not in refused or asyncio.get_running_loop().time() >= unit.lease_until_s
            if unit_id in kept:
                unit.lease_until_s = asked_s + self.lease_s
            elif ends and not unit.complete:
                _log.warning("unit.lost", unit=unit_id, lane=unit.row.lane)
                self.drop(unit)

    async def release(self) -> None:
        """Give back what is claimed and undone; called once, when nothing sends any more."""
        self._held.clear()

        async def release(_: object) -> None:
            await sql.work.release(self._pool, self.owner)

        for error in (await apart(release, [self.owner])).values():
            # The leases end by themselves.
            _log.warning("leases.left", error=type(error).__name__)


def _requested_ago(unit: HeldUnit) -> timedelta | None:
    """Return how long ago the last request of a unit was started; asked anew for each try to record it."""
    if unit.requested_s is None:
        return None
    return timedelta(seconds=asyncio.get_running_loop().time() - unit.requested_s)
