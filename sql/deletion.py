"""Deletion: what is due to go is named, and goes, within one transaction each.

Bounded: one alert at a time, `ROWS_MAX` rows of the ledger a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection

ROWS_MAX: Final = 10_000

_CHILD_DUE = query("child_due")
_CHILD_DELETE = query("child_delete")
_RECIPIENTS_DUE = query("recipients_due")
_RECIPIENTS_DELETE = query("recipients_delete")
_RECIPIENTS_DELETED = query("recipients_deleted")


async def child_due(connection: Connection, after_found: timedelta, after_end: timedelta) -> tuple[UUID, str] | None:
    """Lock an alert whose child's data is due to go; returns it with its state, None when there is none."""
    row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, None)
    if row is not None:
        # Somebody may have said the last word while the lock was waited for: asked again, that is seen.
        row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, row[0])
    return None if row is None else (row[0], row[1])


async def delete_child(connection: Connection, alert_id: UUID) -> None:
    """Delete the child's data of one alert."""
    await connection.execute(_CHILD_DELETE, alert_id)


async def recipients_due(connection: Connection, after_end: timedelta) -> UUID | None:
    """Lock an alert of which who was told is due to be forgotten; None when there is none."""
    found: UUID | None = await connection.fetchval(_RECIPIENTS_DUE, after_end)
    return found


async def delete_recipients(connection: Connection, alert_id: UUID) -> None:
    """Forget who was told of one alert, and note that."""
    while await connection.fetch(_RECIPIENTS_DELETE, alert_id, ROWS_MAX):
        continue
    await connection.execute(_RECIPIENTS_DELETED, alert_id)
