"""Work to be done: claims with leases flow in, the units of sweeps flow out.

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

    from sql.database import Pool

CHANNEL = "qq_alert_sweeps"
"""The NOTIFY channel on which a committed alert wakes every process."""

_CLAIM = query("unit_claim")
_EXTEND = query("unit_extend")
_RELEASE = query("unit_release")
_RELEASE_ALL = query("unit_release_all")
_SEARCHED = query("unit_searched")
_FINISH = query("unit_finish")


class UnitRow(msgspec.Struct, frozen=True):
    """A claimed unit: shards [`shard_from`, `shard_to`) of one sweep, with what its alert says."""

    id: int
    shard_from: int
    shard_to: int
    alert_id: UUID
    notice: str
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
    """Record how many recipients the unit's area holds, those told before included; nothing if it is another's now."""
    await pool.execute(_SEARCHED, unit, found, owner)


async def finish(pool: Pool, unit: int, owner: UUID, found: int) -> bool:
    """Mark a unit done, in which `found` recipients stood; False when the lease had gone to somebody else."""
    return await pool.fetchval(_FINISH, unit, owner, found) is not None
