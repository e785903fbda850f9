"""Stores the rings of alerts with their sweeps: makes them due, holds them, and reopens them for another pass.

Bounded: a sweep is cut into a fixed number of units; the caller bounds the rings of an alert.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sql.database import Connection, Pool

_RING_ADD = query("ring_add")
_RING_LIST = query("ring_list")
_RING_DUE_NOW = query("ring_due_now")
_RING_HOLD = query("ring_hold")
_LOCK_MANY = query("alert_lock_many")
_SWEEP_ADD = query("sweep_add")
_SWEEP_WAKE = query("sweep_wake")
_RING_DUE = query("ring_due")
_AREA = query("alert_area")
_SWEEP_AGAIN = query("alert_sweep_again")
_NOTIFY_AGAIN = query("sweep_notify_again")
_SWEEP_SOONER = query("alert_sweep_sooner")
_UPDATE_DUE = query("update_due")
_ESTIMATED = query("alert_estimated")


class Point(msgspec.Struct, frozen=True):
    """Degrees in WGS-84."""

    longitude: float
    latitude: float


class RingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One ring: its radius around the place (km), whether it includes the city, when it is due, and who decided that.

    `held`: why it is not sent although it is due; None when it is not held. With a centre of its own (degrees) it is
    around that, and not around the alert's place. `nearness`: 1 for the nearest ring to its centre, None: its number.
    """

    ring: int
    radius_km: float | None
    city: bool
    due_at: datetime
    deadline: datetime
    decided_by: str
    reason: str
    held: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    nearness: int | None = None

    @property
    def centre(self) -> Point | None:
        """Its own centre, None when it is around the alert's place."""
        return None if self.longitude is None or self.latitude is None else Point(self.longitude, self.latitude)


class RingShape(msgspec.Struct, frozen=True):
    """What of a ring tells its area: the radius (km), whether it includes the city, and its own centre (degrees)."""

    radius_km: float | None
    city: bool
    longitude: float | None = None
    latitude: float | None = None


class SweepPlan(msgspec.Struct, frozen=True):
    """A sweep to add: `shards` shards, cut into units of `shards_per_unit`.

    The first message goes to a ring; a follow-up notice (its `version`) has no ring: it goes to those notified before,
    from `due_at` on, None: at once.
    """

    notice: str
    ring: int | None
    lane: str
    shards: int
    shards_per_unit: int
    version: int = 1
    due_at: datetime | None = None


class PlaceRow(msgspec.Struct, frozen=True):
    """The place and area of an alert. Degrees; polygons as WKB."""

    longitude: float | None
    latitude: float | None
    city_polygon: bytes | None
    jurisdiction: bytes | None


async def add_rings(connection: Connection, alert_id: UUID, rings: Sequence[RingRow]) -> None:
    """Add rings, without sweeps."""
    if rings:
        await connection.execute(_RING_ADD, alert_id, *_columns(rings))


async def add_sweeps(connection: Connection, alert_id: UUID, sweeps: Sequence[SweepPlan]) -> None:
    """Add sweeps with their units; every process is woken when the transaction commits."""
    if sweeps:
        await connection.execute(_SWEEP_ADD, alert_id, *_columns(sweeps))


def _columns(rows: Sequence[msgspec.Struct]) -> Iterator[tuple[object, ...]]:
    return zip(*map(msgspec.structs.astuple, rows), strict=True)


async def list_rings(connection: Pool | Connection, alert_id: UUID) -> list[RingRow]:
    """Return an alert's rings from near to far."""
    return [RingRow(**dict(row)) for row in await connection.fetch(_RING_LIST, alert_id)]


async def due_rings(pool: Pool, alert_ids: Sequence[UUID]) -> dict[UUID, list[RingShape]]:
    """Return the due rings that together are the area of each of these alerts, without alerts that have none."""
    found: dict[UUID, list[RingShape]] = {}
    for row in await pool.fetch(_RING_DUE, alert_ids):
        found.setdefault(row[0], []).append(RingShape(*row[1:]))
    return found


async def make_due(
    connection: Connection, alert_id: UUID, up_to: int, due_at: datetime, deadline: datetime, by: str, reason: str
) -> list[int]:
    """Make the rings up to `up_to` due earlier than planned, and wake every process; returns the rings changed."""
    changed = await connection.fetch(_RING_DUE_NOW, alert_id, up_to, due_at, deadline, by, reason)
    await connection.execute(_SWEEP_WAKE)
    return sorted(row[0] for row in changed)


async def hold_over_cap(connection: Connection, alert_ids: list[UUID], people_max: int) -> set[UUID]:
    """Hold all rings of the alerts that have reached `people_max` people; returns the alerts newly held."""
    await connection.fetch(_LOCK_MANY, alert_ids)
    return {row[0] for row in await connection.fetch(_RING_HOLD, alert_ids, people_max)}


async def place_of(pool: Pool, alert_id: UUID) -> PlaceRow:
    """Return the place and area of an alert; LookupError when there is none."""
    row = await pool.fetchrow(_AREA, alert_id)
    if row is None:
        raise LookupError("no such alert")
    return PlaceRow(*row)


async def sweep_again(pool: Pool, every: timedelta, without: Sequence[UUID] = ()) -> set[UUID]:
    """Reopen the area of each alert, `without` some, whose pass for late entrants is due; returns these alerts."""
    return {row[0] for row in await pool.fetch(_SWEEP_AGAIN, every, without)}


async def notify_again(
    pool: Pool, every: timedelta, passes_max: int, gap: timedelta, without: Sequence[UUID] = ()
) -> set[UUID]:
    """Reopen follow-up notices for recipients that may have been missed, `passes_max` times; returns the alerts.

    For a day after the index lost people, again and again, `gap` apart.
    """
    return {row[0] for row in await pool.fetch(_NOTIFY_AGAIN, every, passes_max, gap, without)}


async def sweep_sooner(pool: Pool, alert_ids: list[UUID] | None, gap: timedelta) -> None:
    """Bring the next pass of these alerts, or of all, forward: to `gap` after the last one."""
    await pool.execute(_SWEEP_SOONER, alert_ids, gap)


async def update_due(connection: Connection, alert_id: UUID, after: timedelta) -> datetime:
    """Return when an update that can wait is sent: together with the one that waits already, or `after` a while."""
    due_at: datetime = await connection.fetchval(_UPDATE_DUE, alert_id, after)
    return due_at


async def estimated(connection: Connection, alert_id: UUID, estimate: str) -> None:
    """Replace the estimate (JSON text) of an alert."""
    await connection.execute(_ESTIMATED, alert_id, estimate)
