"""Claims the units of sweeps with leases, extends, finishes and gives them back.

Bounded: a claim hands out one unit; a lease ends by itself at `lease_until` unless it is extended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

CHANNEL = "qq_alert_sweeps"
"""The NOTIFY channel on which every process is woken: by an alert's id to stop what it holds of it, else to look."""

_CLAIM = query("unit_claim")
_EXTEND = query("unit_extend")
_RELEASE = query("unit_release")
_RELEASE_ALL = query("unit_release_all")
_SEARCHED = query("unit_searched")
_FINISH = query("unit_finish")
_HALTED = query("unit_halted")
_GIVE_BACK = query("unit_give_back")
_HALT = query("sweep_halt")


class UnitRow(msgspec.Struct, frozen=True):
    """A claimed unit: shards [`shard_from`, `shard_to`) of one sweep, with what its alert says.

    `message_version` is the version that is sent; `ring` 0: those who were notified before, wherever they are.
    """

    id: int
    shard_from: int
    shard_to: int
    alert_id: UUID
    notice: str
    message_version: int
    ring: int
    lane: str
    radius_km: float | None
    city: bool
    expires: datetime
    status: str
    content: str


async def claim(
    pool: Pool,
    lane: str,
    owner: UUID,
    lease: timedelta,
    held: list[int],
    turns: Sequence[UUID] = (),
    urgent: timedelta = timedelta(),
) -> UnitRow | None:
    """Claim the most urgent unit of a lane that nobody holds and that is not in `held`; None when there is none.

    `turns`: alerts that had their turn, the last one last; `urgent`: how near a deadline is that goes before all turns.
    """
    row = await pool.fetchrow(_CLAIM, lane, owner, lease, held, turns, urgent)
    return None if row is None else UnitRow(*row)


async def extend(pool: Pool, units: list[int], owner: UUID, lease: timedelta) -> set[int]:
    """Extend the leases of `units`; returns those that are still the owner's."""
    return {row[0] for row in await pool.fetch(_EXTEND, units, owner, lease)}


async def release(pool: Pool, owner: UUID) -> None:
    """Give all of an owner's units back undone, so that somebody else need not wait for the lease to end."""
    await pool.execute(_RELEASE, owner)


async def release_all(pool: Pool) -> None:
    """Give all units back: only for the one owner of embedded stores, whose predecessor is dead."""
    await pool.execute(_RELEASE_ALL)


async def note_searched(pool: Pool, unit: int, owner: UUID, found: int) -> None:
    """Record how many members the unit's area holds, those notified before included; nothing if it is lost."""
    await pool.execute(_SEARCHED, unit, found, owner)


async def finish(pool: Pool, unit: int, owner: UUID, found: int) -> bool:
    """Mark a unit done, in which `found` recipients stood; False when the lease had gone to somebody else."""
    return await pool.fetchval(_FINISH, unit, owner, found) is not None


async def halt(connection: Connection, alert_id: UUID) -> None:
    """Tell every process to stop what it holds of an alert, once the caller's transaction is committed."""
    await connection.execute(_HALT, alert_id)


async def halted(connection: Connection | Pool, units: list[int]) -> set[int]:
    """Return which of these units may not be sent any more."""
    return {row[0] for row in await connection.fetch(_HALTED, units)}


async def give_back(pool: Pool, unit: int, owner: UUID) -> None:
    """Give one unit back undone."""
    await pool.execute(_GIVE_BACK, unit, owner)
