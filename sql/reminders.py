"""Notes who was notified without a sound, and plans, begins and lists the morning reminders of alerts.

Bounded: the caller bounds the rows noted; a read covers the shards of one unit, or the reminders of the alerts named.
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

_NOTE = query("reminder_note")
_WANTED = query("reminder_wanted")
_SETTLED = query("reminder_settled")
_BEGIN = query("reminder_begin")
_AGAIN = query("reminder_again")
_PUT_OFF = query("reminder_put_off")
_TAKE_BACK = query("reminder_take_back")
_LIST = query("reminder_list")


class SilentRow(msgspec.Struct, frozen=True):
    """A row of the ledger whose recipients were notified without a sound, and when they are reminded: from `due_at` on.

    `morning`: of which morning, by its number, below 0 (`push.message.sound.Morning`).
    """

    alert_id: UUID
    shard_from: int
    shard_to: int
    batch_id: int
    outcome: str
    recipients: int
    morning: int
    due_at: datetime


class PlannedReminder(msgspec.Struct, frozen=True):
    """A reminder of an alert: its morning, from when it is due, and how many people were notified without a sound."""

    alert_id: UUID
    morning: int
    due_at: datetime
    people: int


class BegunReminder(msgspec.Struct, frozen=True):
    """A reminder that has begun, and how many people were notified without a sound."""

    alert_id: UUID
    morning: int
    people: int


async def note(connection: Connection, rows: Sequence[SilentRow]) -> None:
    """Note rows of the ledger as those of recipients without a sound, within the transaction that commits them."""
    await connection.execute(
        _NOTE,
        [row.alert_id for row in rows],
        [row.shard_from for row in rows],
        [row.shard_to for row in rows],
        [row.batch_id for row in rows],
        [row.outcome for row in rows],
        [row.morning for row in rows],
        [row.due_at for row in rows],
        [row.recipients for row in rows],
    )


async def wanted(
    pool: Pool, alert_id: UUID, sweep_id: int, shard_from: int, shard_to: int
) -> list[tuple[bytes, str | None]]:
    """Return the packed ids of those whom a sweep's reminder is for, by locale, those notified first first.

    Ids of other shards may be among the result.
    """
    return [(row[0], row[1]) for row in await pool.fetch(_WANTED, alert_id, sweep_id, shard_from, shard_to)]


async def settled(pool: Pool, alert_id: UUID, shard_from: int, shard_to: int) -> list[bytes]:
    """Return the packed ids of those who are reminded already, or may have had a sound."""
    return [row[0] for row in await pool.fetch(_SETTLED, alert_id, shard_from, shard_to)]


async def take_back(pool: Pool, alert_id: UUID, shard_from: int, shard_to: int, batch_id: int) -> None:
    """Take back that the recipients of a batch of these shards may have been reminded: for certain they were not."""
    await pool.execute(_TAKE_BACK, alert_id, shard_from, shard_to, batch_id)


async def begin(
    connection: Connection, subject_kinds: Sequence[str], without: Sequence[UUID] = ()
) -> list[BegunReminder]:
    """Begin the reminders that are due, of alerts about these kinds of people, within the caller's transaction.

    `without`: alerts to leave as they are.
    """
    return [BegunReminder(*row) for row in await connection.fetch(_BEGIN, subject_kinds, without)]


async def again(
    pool: Pool,
    moved_every: timedelta,
    moved_passes: int,
    quiet_every: timedelta,
    passes_max: int,
    without: Sequence[UUID] = (),
) -> set[UUID]:
    """Open units of reminders again, for who changed lanes and for who was in quiet hours; returns the alerts."""
    return {row[0] for row in await pool.fetch(_AGAIN, moved_every, moved_passes, quiet_every, passes_max, without)}


async def put_off(pool: Pool, sweep_id: int, until: datetime) -> None:
    """Have a sweep's reminder begin anew at another morning."""
    await pool.execute(_PUT_OFF, sweep_id, until)


async def planned(pool: Pool, alert_ids: Sequence[UUID]) -> list[PlannedReminder]:
    """Return the reminders of alerts, planned or begun."""
    return [PlannedReminder(*row) for row in await pool.fetch(_LIST, alert_ids)]
