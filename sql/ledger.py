"""The ledger: stores packed recipients by outcome, and says who was notified or settled.

Bounded: the caller bounds a group; a read covers the shards of one unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sql.database import Pool

_COMMIT = query("ledger_commit")
_SETTLED = query("ledger_settled")
_NOTIFIED = query("ledger_notified")
_SIZE = query("ledger_size")
_REOPEN = query("ledger_reopen")


class LedgerRow(msgspec.Struct, frozen=True):
    """The recipients of one batch, out of shards [`shard_from`, `shard_to`), that had one outcome.

    `packed` as push/packing.py writes it; `message_version` is the version that they were notified of.
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


async def commit(pool: Pool, rows: Sequence[LedgerRow]) -> None:
    """Commit rows durably and add them to their units' counts; the same rows again change nothing."""
    await pool.execute(
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
    )


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
    """Return the packed ids of everybody whom `lane` need not tell this notice in shards [`shard_from`, `shard_to`).

    Each update (`message_version` is its version) is a notice of its own.

    Notified or settled in any lane; but one who could not be reached in another lane is tried in this one, and after
    `invalid_for` also who had an invalid token here: who still stands in the index then has another one.
    Where units of another size had been swept, some of other shards may be among them.
    """
    rows = await pool.fetch(_SETTLED, alert_id, notice, shard_from, shard_to, lane, invalid_for, message_version)
    return [row[0] for row in rows]


async def notified(
    pool: Pool, alert_id: UUID, before: int, shard_from: int, shard_to: int, *, indeterminate: bool
) -> list[bytes]:
    """Return the packed ids of those who heard of an alert before a version; some of other shards may be among them.

    `indeterminate`: those who may have, too.
    """
    return [row[0] for row in await pool.fetch(_NOTIFIED, alert_id, before, shard_from, shard_to, indeterminate)]


async def reopen(pool: Pool, lane: str) -> int:
    """Let everybody be due again whose token a lane's provider refused, in alerts that go on; returns how many."""
    return sum(row[0] for row in await pool.fetch(_REOPEN, lane))


async def size(pool: Pool, alert_id: UUID) -> tuple[int, int]:
    """Return (recipients, bytes of their packed ids) of one alert."""
    row = await pool.fetchrow(_SIZE, alert_id)
    return (0, 0) if row is None else (row[0], row[1])
