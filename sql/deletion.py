"""Finds alerts whose personal data is due for deletion, and deletes it: the child's data, later the recipients.

Bounded: one alert a transaction, `SIGHTINGS_MAX` of its sightings, `ROWS_MAX` rows of the ledger a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sql.database import MAINTENANCE_TIMEOUT_S
from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

ROWS_MAX: Final = 10_000
SIGHTINGS_MAX: Final = 1000
"""Deleted within a tenth of a second; a flood has some hundred thousand."""


_CHILD_DUE = query("child_due")
_CHILD_OBJECTS = query("child_objects")
_PAGE_STANDS = query("page_stands")
_CHILD_AREA = query("child_area")
_CHILD_RECEIPTS = query("child_receipts")
_CHILD_RECEIPT_PUT = query("child_receipt_put")
_CHILD_RECEIPT_DELETE = query("child_receipt_delete")
_CHILD_DELETE = query("child_delete")
_SIGHTINGS_DELETE = query("sightings_delete")
_CHILD_VACUUM = query("child_vacuum")
_RECIPIENTS_DUE = query("recipients_due")
_RECIPIENTS_DELETE = query("recipients_delete")
_RECIPIENTS_DELETED = query("recipients_deleted")


class Receipt(NamedTuple):
    """A stored answer to a webhook."""

    authority: str
    webhook_id: str
    answer: bytes


async def child_due(
    connection: Connection,
    after_found: timedelta,
    after_end: timedelta,
    alert_id: UUID | None = None,
    but: Sequence[UUID] = (),
) -> tuple[UUID, str] | None:
    """Lock an alert whose child's data is due for deletion, or this one; returns its id and state, None without one.

    `but`: those that are left for later.
    """
    row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, alert_id, list(but))
    if row is not None:
        # A follow-up notice may have been added while this transaction waited for the lock: a second query sees it.
        row = await connection.fetchrow(_CHILD_DUE, after_found, after_end, row[0], [])
    return None if row is None else (row[0], row[1])


async def has_objects(pool: Pool, alert_id: UUID) -> bool:
    """Tell whether the record knows of something that is kept of an alert, or published of it, as objects."""
    known: bool = await pool.fetchval(_CHILD_OBJECTS, alert_id)
    return known


async def page_stands(pool: Pool, alert_id: UUID) -> bool:
    """Tell whether a page of an alert may still say who is missing."""
    return bool(await pool.fetchval(_PAGE_STANDS, alert_id))


async def drawn_area(connection: Connection, alert_id: UUID) -> bytes | None:
    """Return the polygon (WKB) that a message drew; None without one, or when the polygon is a city's boundary."""
    drawn: bytes | None = await connection.fetchval(_CHILD_AREA, alert_id)
    return drawn


async def delete_sightings(connection: Connection, alert_id: UUID) -> int:
    """Delete up to `SIGHTINGS_MAX` sightings of an alert that is over; returns how many, fewer where none is left."""
    deleted: int = await connection.fetchval(_SIGHTINGS_DELETE, alert_id, SIGHTINGS_MAX)
    return deleted


async def receipts(connection: Connection, alert_id: UUID) -> list[Receipt]:
    """Return the stored answers to webhooks of an alert's authority that have the alert's id in them."""
    return [Receipt(*row) for row in await connection.fetch(_CHILD_RECEIPTS, alert_id)]


async def put_receipt(connection: Connection, receipt: Receipt, answer: bytes, secret: bytes) -> None:
    """Store another answer, and hash the digest of the body with `secret`, so that it tests no guess."""
    await connection.execute(_CHILD_RECEIPT_PUT, receipt.authority, receipt.webhook_id, answer, secret)


async def delete_receipt(connection: Connection, receipt: Receipt) -> None:
    """Delete a stored answer: what comes again is judged anew, and its number is taken."""
    await connection.execute(_CHILD_RECEIPT_DELETE, receipt.authority, receipt.webhook_id)


async def delete_child(connection: Connection, alert_id: UUID, area: bytes | None, secret: bytes) -> None:
    """Delete the child's data of one alert that has no sightings any more.

    `area` is the coarser polygon (WKB) that replaces a drawn one. `secret`: with which digests of what
    is deleted are hashed, so that they test no guess.
    """
    await connection.execute(_CHILD_DELETE, alert_id, area, secret)


async def vacuum(pool: Pool) -> None:
    """Remove deleted rows from PostgreSQL's files; to be called outside of a transaction."""
    await pool.execute(_CHILD_VACUUM, timeout=MAINTENANCE_TIMEOUT_S)


async def recipients_due(connection: Connection, after_end: timedelta, but: Sequence[UUID] = ()) -> UUID | None:
    """Lock an alert whose recipients are due for deletion; None when there is none. `but`: left for later."""
    found: UUID | None = await connection.fetchval(_RECIPIENTS_DUE, after_end, list(but))
    return found


async def delete_recipients(connection: Connection, alert_id: UUID) -> None:
    """Delete the recipients of one alert, and record when."""
    while await connection.fetch(_RECIPIENTS_DELETE, alert_id, ROWS_MAX, timeout=MAINTENANCE_TIMEOUT_S):
        continue
    await connection.execute(_RECIPIENTS_DELETED, alert_id)
