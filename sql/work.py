"""Claims the units of sweeps under leases, extends the leases, finishes the units and gives them back.

Bounded: a claim looks at the sweeps that its caller names, and hands out as many units as it asks for; a lease ends by
itself at `lease_until` unless it is extended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec
import structlog

from sql.apart import all_apart
from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

CHANNEL = "qq_alert_sweeps"
"""The NOTIFY channel that wakes every process: with an alert's id to stop sending it, without one to claim work."""

_log = structlog.get_logger("sql.work")

_CLAIM = query("unit_claim")
_OPEN = query("sweep_open")
_IDS = query("sweep_ids")
_FIRST_FREE = query("unit_first_free")
_STALE = query("sweep_stale")
_LOCK = query("sweep_lock")
_CLOSE = query("sweep_close")
_EXTEND = query("unit_extend")
_RELEASE = query("unit_release")
_RELEASE_ALL = query("unit_release_all")
_SEARCHED = query("unit_searched")
_FINISH = query("unit_finish")
_HALTED = query("unit_halted")
_GIVE_BACK = query("unit_give_back")
_HALT = query("sweep_halt")


class OpenSweep(msgspec.Struct, frozen=True):
    """A sweep that has a unit to claim. `ring`: how near it is to its centre, 1 the nearest, 0: a follow-up notice.

    `is_last`: a pass for late entrants, or of an exercise or a test. `left_s`: until its deadline, by the record's
    clock.
    """

    id: int
    lane: str
    alert_id: UUID
    notice: str
    ring: int
    left_s: float
    is_last: bool


class SweepId(NamedTuple):
    """A sweep that is open and due, whatever its units are."""

    id: int
    lane: str
    alert_id: UUID


class UnitRow(msgspec.Struct, frozen=True):
    """A claimed unit: shards [`shard_from`, `shard_to`) of one sweep, with the content of its alert.

    `message_version` is the version to send. `ring` 0 means those notified before, wherever they are. `left_s`: until
    it `expires`, by the record's clock. `trail_seq`: the newest event of the audit trail when it was claimed.
    `entrants`: it is for late entrants, in whatever shard they are. `longitude`, `latitude`: the ring's own centre.
    `nearness`: 1 for the ring that is the nearest one to its centre, 0 without a ring. `subject_kind`: who is missing.
    `area_version`: how often its jurisdiction changed. `photo_tag`: of the photo that is published; None: none.
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
    left_s: float
    sweep_id: int
    trail_seq: int
    entrants: bool = False
    longitude: float | None = None
    latitude: float | None = None
    nearness: int = 0
    subject_kind: str = "child"
    area_version: int = 1
    photo_tag: str | None = None


async def open_sweeps(
    pool: Pool, lanes: Sequence[str], parked: Sequence[int] = (), without: Sequence[int] = ()
) -> list[OpenSweep]:
    """Return the sweeps of these lanes, `without` some, that have a unit to claim beside those that are `parked`."""
    return [OpenSweep(*row) for row in await pool.fetch(_OPEN, lanes, parked, without)]


async def sweep_ids(pool: Pool, lanes: Sequence[str], sweeps_max: int) -> list[SweepId]:
    """Return the sweeps of these lanes that are open and due, without a look at their units."""
    return [SweepId(*row) for row in await pool.fetch(_IDS, lanes, sweeps_max)]


async def first_free(pool: Pool, sweep: int, without: Sequence[int]) -> int | None:
    """Return the unit that is claimed first of a sweep, `without` some; None: there is none."""
    unit: int | None = await pool.fetchval(_FIRST_FREE, sweep, without)
    return unit


async def claim(
    pool: Pool,
    sweeps: Sequence[int],
    owner: UUID,
    lease: timedelta,
    held: Sequence[int],
    units_max: int,
    interrupted: Sequence[int] = (),
) -> list[UnitRow]:
    """Claim up to `units_max` units that are not leased and not in `held`, of these sweeps in their order.

    `interrupted`: those of `held` that are not sent to their end, so that wider rings wait for them.
    """
    rows = [UnitRow(*row) for row in await pool.fetch(_CLAIM, sweeps, owner, lease, held, units_max, interrupted)]
    # PostgreSQL returns what it has updated in any order.
    place = {sweep: number for number, sweep in enumerate(sweeps)}
    return sorted(rows, key=lambda row: (place[row.sweep_id], row.shard_from))


async def close_sweeps(pool: Pool, sweeps_max: int) -> int:
    """Close sweeps that have nothing to do any more; returns how many were closed, without those that are refused."""
    closed = 0

    async def close(some: Sequence[int]) -> None:
        nonlocal closed
        async with pool.acquire() as connection, connection.transaction():
            locked = [row[0] for row in await connection.fetch(_LOCK, some)]
            # A second statement, because it sees what was opened while the first one waited for the locks.
            await connection.execute(_CLOSE, locked)
        closed += len(locked)

    stale = [row[0] for row in await pool.fetch(_STALE, sweeps_max)]
    if stale:
        for sweep, error in (await all_apart(close, stale)).items():
            _log.warning("sweep.not_closed", sweep=sweep, error=type(error).__name__)
    return closed


async def extend(
    pool: Pool, units: list[int], owner: UUID, lease: timedelta, within_s: float | None = None
) -> set[int]:
    """Extend the leases of `units`; returns those that the owner still holds.

    TimeoutError without an answer `within_s`; None: within the time of any statement.
    """
    return {row[0] for row in await pool.fetch(_EXTEND, units, owner, lease, timeout=within_s)}


async def release(pool: Pool, owner: UUID) -> None:
    """Give back all units of an owner, so that other processes need not wait until its leases end."""
    await pool.execute(_RELEASE, owner)


async def release_all(pool: Pool) -> None:
    """Give back the units of all owners; only the owner of embedded stores may, because its predecessor is dead."""
    await pool.execute(_RELEASE_ALL)


async def note_searched(pool: Pool, unit: int, owner: UUID, found: int) -> None:
    """Record how many members a unit's area holds, already notified or not; does nothing when its lease was lost."""
    await pool.execute(_SEARCHED, unit, found, owner)


async def finish(
    pool: Pool, unit: int, owner: UUID, found: int, opted_out: int = 0, requested_ago: timedelta | None = None
) -> bool:
    """Mark a unit done, with `found` recipients in it, `opted_out` of them left out; False when its lease was lost.

    `requested_ago`: how long ago its last request was started, None: there was none.
    """
    return await pool.fetchval(_FINISH, unit, owner, found, opted_out, requested_ago) is not None


async def halt(connection: Connection, alert_id: UUID) -> None:
    """Wake every process to stop sending an alert, once the caller's transaction is committed."""
    await connection.execute(_HALT, alert_id)


async def halted(connection: Connection | Pool, units: list[int], owner: UUID) -> tuple[datetime, dict[int, bool]]:
    """Return the record's time, and which of these units may no longer be sent: True where one is not `owner`'s."""
    rows = await connection.fetch(_HALTED, units, owner)
    return rows[0][0], {unit: lost for _, unit, lost in rows if unit is not None}


async def give_back(pool: Pool, unit: int, owner: UUID, requested_ago: timedelta | None = None) -> None:
    """Give back one unit that is not done; `requested_ago` as in `finish`."""
    await pool.execute(_GIVE_BACK, unit, owner, requested_ago)
