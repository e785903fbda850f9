"""Stores the outcome of every recipient in the ledger, and finds the recipients that are notified or settled.

Bounded: the caller bounds the rows of a commit; a read covers the shards of one unit.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

import sql.reminders
from sql.query import query
from sql.reminders import SilentRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sql.database import Connection, Pool

_COMMIT = query("ledger_commit")
_SETTLED = query("ledger_settled")
_NOTIFIED = query("ledger_notified")
_ENDS = query("ledger_ends")
_UNSETTLED = query("ledger_unsettled")
_SIZE = query("ledger_size")
_REOPEN = query("ledger_reopen")
_PROVE = query("ledger_prove")
_UNPROVE = query("ledger_unprove")


class LedgerRow(msgspec.Struct, frozen=True):
    """The recipients of one batch with the same outcome, out of shards [`shard_from`, `shard_to`).

    `packed` is written by `push.fanout.packing`; `message_version` is the version they were sent, `locale` that of the
    alert's text that they were sent. `reminding`: they were notified without a sound, and are to be reminded.
    """

    alert_id: UUID
    notice: str
    shard_from: int
    shard_to: int
    batch_id: int
    outcome: str
    lane: str
    unit_id: int
    recipients: int
    packed: bytes
    message_version: int = 1
    locale: str | None = None
    reminding: Reminding | None = None


class Reminding(msgspec.Struct, frozen=True):
    """On which morning, by its number (below 0), and from when recipients are to be reminded with a sound."""

    morning: int
    due_at: datetime


class NotifiedRow(msgspec.Struct, frozen=True):
    """Recipients who were notified together: `packed`, as of `LedgerRow`, and in which locale; None: not known."""

    packed: bytes
    locale: str | None


async def commit(pool: Pool, rows: Sequence[LedgerRow]) -> None:
    """Commit rows durably and add them to the counts of their units; committing the same rows again changes nothing.

    Who is to be reminded is noted in the same transaction.
    """
    silent = [_silent(row, row.reminding) for row in rows if row.reminding is not None]
    if not silent:
        await _commit(pool, rows)
        return
    async with pool.acquire() as connection, connection.transaction():
        await _commit(connection, rows)
        await sql.reminders.note(connection, silent)


def _silent(row: LedgerRow, reminding: Reminding) -> SilentRow:
    return SilentRow(
        row.alert_id,
        row.shard_from,
        row.shard_to,
        row.batch_id,
        row.outcome,
        row.recipients,
        reminding.morning,
        reminding.due_at,
    )


async def _commit(connection: Pool | Connection, rows: Sequence[LedgerRow]) -> None:
    await connection.execute(
        _COMMIT,
        [row.alert_id for row in rows],
        [row.notice for row in rows],
        [row.shard_from for row in rows],
        [row.shard_to for row in rows],
        [row.batch_id for row in rows],
        [row.outcome for row in rows],
        [row.lane for row in rows],
        [row.unit_id for row in rows],
        [row.recipients for row in rows],
        [row.packed for row in rows],
        [row.message_version for row in rows],
        [row.locale for row in rows],
    )


async def prove(pool: Pool) -> None:
    """Commit a row of no alert and take it out again: what is sent next will be recorded, too."""
    batch_id = secrets.randbits(62)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_PROVE, batch_id)
        await connection.execute(_UNPROVE, batch_id)


async def settled(
    pool: Pool,
    alert_id: UUID,
    notice: str,
    message_version: int,
    shard_from: int,
    shard_to: int,
    *,
    lane: str,
    invalid_for: timedelta,
) -> list[bytes]:
    """Return the packed ids of the recipients in shards [`shard_from`, `shard_to`) that `lane` need not notify.

    Those are settled in any lane, with two exceptions: recipients that another lane could not reach, and, after
    `invalid_for`, those whose token was invalid here: if they are still in the index, they have a new token.
    Each update (`message_version` is its version) is a notice of its own. Ids of other shards may be among the result
    when earlier units had another size.
    """
    rows = await pool.fetch(_SETTLED, alert_id, notice, shard_from, shard_to, lane, invalid_for, message_version)
    return [row[0] for row in rows]


async def notified(
    pool: Pool, alert_id: UUID, before: int, shard_from: int, shard_to: int, *, indeterminate: bool
) -> list[NotifiedRow]:
    """Return the recipients notified of an alert before version `before`, by locale, those notified first first.

    `indeterminate`: also those who may have been notified, last. Ids of other shards may be among the result.
    """
    rows = await pool.fetch(_NOTIFIED, alert_id, before, shard_from, shard_to, indeterminate)
    return [NotifiedRow(*row) for row in rows]


async def ends(pool: Pool, alert_id: UUID, before: int, shard_from: int, shard_to: int) -> list[tuple[str, str, bytes]]:
    """Return who got which follow-up notice of a reopened alert before a version: (notice, outcome, packed ids).

    The newest first; nothing of an alert that was not reopened. Ids of other shards may be among the result.
    """
    return [(row[0], row[1], row[2]) for row in await pool.fetch(_ENDS, alert_id, before, shard_from, shard_to)]


async def unsettled(
    pool: Pool, alert_id: UUID, before: int, shard_from: int, shard_to: int, *, lane: str, notices: Sequence[str]
) -> list[bytes]:
    """Return the packed ids of those whom an interrupted process may have sent one of these notices unrecorded."""
    rows = await pool.fetch(_UNSETTLED, alert_id, before, shard_from, shard_to, lane, notices)
    return [row[0] for row in rows]


async def reopen(pool: Pool, lane: str) -> int:
    """Reopen the recipients whose tokens a lane's provider refused, in alerts that go on; returns how many."""
    return sum(row[0] for row in await pool.fetch(_REOPEN, lane))


async def size(pool: Pool, alert_id: UUID) -> tuple[int, int]:
    """Return (recipients, bytes of their packed ids) of one alert."""
    row = await pool.fetchrow(_SIZE, alert_id)
    return (0, 0) if row is None else (row[0], row[1])
