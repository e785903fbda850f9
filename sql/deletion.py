"""Deletion: what is due to go is named, and goes, within one transaction each.

Bounded: one alert at a time, `ROWS_MAX` rows of the ledger a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

ROWS_MAX: Final = 10_000

_CHILD_DUE = query("child_due")
_CHILD_AREA = query("child_area")
_CHILD_DELETE = query("child_delete")
_CHILD_VACUUM = query("child_vacuum")
_RECIPIENTS_DUE = query("recipients_due")
_RECIPIENTS_DELETE = query("recipients_delete")
_RECIPIENTS_DELETED = query("recipients_deleted")


async def child_due(connection: Connection, after_found: timedelta, after_end: timedelta) -> tuple[UUID, str] | None:
    """Lock an alert whose child's data is due to go; returns it with its state, None when there is none."""
    row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, None)
    if row is not None:
        # A follow-up notice may have been added while the lock was waited for: asked again, that is seen.
        row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, row[0])
    return None if row is None else (row[0], row[1])


async def drawn_area(connection: Connection, alert_id: UUID) -> bytes | None:
    """Return the polygon (WKB) that a message drew, None where there is none or it is a city's."""
    drawn: bytes | None = await connection.fetchval(_CHILD_AREA, alert_id)
    return drawn


async def delete_child(connection: Connection, alert_id: UUID, area: bytes | None) -> None:
    """Delete the child's data of one alert; `area`: the polygon (WKB) that stays of one that a message drew."""
    await connection.execute(_CHILD_DELETE, alert_id, area)


async def vacuum(pool: Pool) -> None:
    """Free the room in which the children's data stood; outside of any transaction."""
    await pool.execute(_CHILD_VACUUM)


async def recipients_due(connection: Connection, after_end: timedelta) -> UUID | None:
    """Lock an alert whose recipients are due to be deleted; None when there is none."""
    found: UUID | None = await connection.fetchval(_RECIPIENTS_DUE, after_end)
    return found


async def delete_recipients(connection: Connection, alert_id: UUID) -> None:
    """Delete the recipients of one alert, and note that."""
    while await connection.fetch(_RECIPIENTS_DELETE, alert_id, ROWS_MAX):
        continue
    await connection.execute(_RECIPIENTS_DELETED, alert_id)
