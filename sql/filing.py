"""Stores a new case with its alert and the receipt of its webhook, within the caller's transaction.

Bounded: receipts are deleted after a time that the caller gives.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

_BEFORE = query("filing_before")
_STANDING = query("filing_standing")
_RECEIPT_FIND = query("receipt_find")
_RECEIPT_ADD = query("receipt_add")
_RECEIPT_FORGET = query("receipt_forget")
_LOCK = query("filing_lock")
_CASE_FIND = query("case_find")
_ALERT_ADD = query("alert_add")
_HOLD = query("alert_hold")
_CASE_FIND_ANY = query("case_find_any")
_DRAFT_ADD = query("draft_add")
_DRAFT_GIVE_WAY = query("draft_give_way")
_SUPERSEDE = query("draft_supersede")


class ReceiptRow(msgspec.Struct, frozen=True):
    """The answer to an earlier webhook: HTTP status and body, and the digest of its request."""

    body_digest: bytes
    status: int
    answer: bytes


class DraftRoom(NamedTuple):
    """How many unverified drafts of an authority may wait, in all and of one source, and may come within an hour."""

    waiting: int
    waiting_of_source: int
    an_hour: int
    an_hour_of_source: int


class CaseRow(msgspec.Struct, frozen=True):
    """A stored case and its alert."""

    content_digest: bytes
    alert_id: UUID


class NewCase(NamedTuple):
    """A case as filed: `content` is JSON text, `content_digest` its SHA-256."""

    authority: str
    case_number: str
    content_digest: bytes
    content: str


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """A new alert. Degrees; polygons as WKB; `content` and `estimate` are JSON text.

    `unverified`: why its signature was not verified, None when it was. `held_for`: why what it rests on holds it.
    """

    id: UUID
    status: str
    received_at: datetime
    deadline: datetime
    expires: datetime
    longitude: float | None
    latitude: float | None
    city: str | None
    city_polygon: bytes | None
    jurisdiction: bytes | None
    policy: str
    content: str
    estimate: str | None
    state: str
    review: str
    send_at: datetime | None
    unverified: str | None
    subject_kind: str = "child"
    held_for: list[str] = []


async def find_receipt(connection: Connection | Pool, authority: str, webhook_id: str) -> ReceiptRow | None:
    """Return the earlier answer to this webhook id, None when the id is new."""
    row = await connection.fetchrow(_RECEIPT_FIND, authority, webhook_id)
    return None if row is None else ReceiptRow(*row)


async def before(pool: Pool, authority: str, webhook_id: str) -> tuple[datetime, ReceiptRow | None]:
    """Return the record's time, and the earlier answer to this webhook id, None when the id is new."""
    [(now, *receipt)] = await pool.fetch(_BEFORE, authority, webhook_id)
    return now, _receipt(receipt)


async def standing(
    connection: Connection, authority: str, webhook_id: str, case_number: str
) -> tuple[ReceiptRow | None, CaseRow | None]:
    """Return the earlier answer to this webhook id, and the case with this number; None for what there is not."""
    [(*receipt, content_digest, alert_id)] = await connection.fetch(_STANDING, authority, webhook_id, case_number)
    return _receipt(receipt), None if alert_id is None else CaseRow(content_digest, alert_id)


def _receipt(columns: Sequence[Any]) -> ReceiptRow | None:
    return None if columns[0] is None else ReceiptRow(*columns)


async def add_receipt(
    connection: Connection, authority: str, webhook_id: str, receipt: ReceiptRow, received_at: datetime
) -> None:
    """Store the answer to a webhook."""
    await connection.execute(
        _RECEIPT_ADD, authority, webhook_id, receipt.body_digest, receipt.status, receipt.answer, received_at
    )


async def forget_receipts(pool: Pool, older_than: timedelta) -> None:
    """Delete the receipts older than this: a repeated webhook would fail its timestamp check."""
    await pool.execute(_RECEIPT_FORGET, older_than)


async def lock_case(connection: Connection, authority: str, case_number: str) -> None:
    """Let only one transaction at a time file a case number."""
    await connection.execute(_LOCK, authority, case_number)


async def lock_webhook(connection: Connection, authority: str, webhook_id: str) -> None:
    """Let only one transaction at a time answer a webhook id that changes a case; no case number has a space."""
    await connection.execute(_LOCK, authority, f"webhook {webhook_id}")


async def lock_drafts(connection: Connection, authority: str) -> None:
    """Let only one transaction at a time file a draft of an authority; the empty number is no case's."""
    await connection.execute(_LOCK, authority, "")


async def supersede(connection: Connection, alert_id: UUID) -> str | None:
    """Free the case number of an unverified draft, and cancel the draft if it waits for review; returns its old state.

    None when the draft keeps its number, because it was signed or people were notified of it.
    """
    state: str | None = await connection.fetchval(_SUPERSEDE, alert_id)
    return state


async def find_case(connection: Connection | Pool, authority: str, case_number: str) -> CaseRow | None:
    """Return the case with this number, None when there is none."""
    row = await connection.fetchrow(_CASE_FIND, authority, case_number)
    return None if row is None else CaseRow(*row)


async def add_alert(connection: Connection, case: NewCase, alert: AlertRow) -> int:
    """Add a case with its alert and the alert's first notice, without rings; returns the id of the case."""
    case_id: int = await connection.fetchval(
        _ALERT_ADD,
        case.authority,
        case.case_number,
        case.content_digest,
        case.content,
        alert.id,
        alert.status,
        alert.received_at,
        alert.deadline,
        alert.expires,
        alert.longitude,
        alert.latitude,
        alert.city,
        alert.city_polygon,
        alert.jurisdiction,
        alert.policy,
        alert.content,
        alert.estimate,
        alert.state,
        alert.review,
        alert.send_at,
        alert.unverified,
        alert.subject_kind,
        alert.held_for,
    )
    return case_id


async def hold(connection: Connection, alert_id: UUID) -> None:
    """Keep others from changing an alert until the caller's transaction ends."""
    await connection.execute(_HOLD, alert_id)


async def find_any_case(connection: Connection | Pool, authority: str, case_numbers: list[str]) -> UUID | None:
    """Return the alert of the first of these case numbers that there is, None when there is none."""
    found: UUID | None = await connection.fetchval(_CASE_FIND_ANY, authority, case_numbers)
    return found


async def make_room(
    connection: Connection, authority: str, source: str | None, case_number: str, room: DraftRoom
) -> tuple[UUID | None, bool]:
    """End the draft that gives way to a new one, if one has to; returns it, and whether there is room then."""
    [row] = await connection.fetch(_DRAFT_GIVE_WAY, authority, source, case_number, *room)
    return row[0], row[1]


async def add_draft(connection: Connection, alert_id: UUID, source: str | None) -> None:
    """Note where a draft came from."""
    await connection.execute(_DRAFT_ADD, alert_id, source)
