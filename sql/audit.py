"""The audit trail: appends events as a chain, and reads them in order.

Each event's text holds the digest of the one before, so nothing can be changed or left out in the middle unseen. Why
somebody did it stands beside the chain, which holds its salted digest: it may name the child, and goes with its data.
Bounded: `PAGE` events a read. Appending takes turns until the caller's transaction ends: let it be its last statement.
What a chain proves and what not is said in `push.alerts.record.audit`, which verifies it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg import Record

    from sql.database import Connection, Pool

PAGE: Final = 1000
SALT_BYTES: Final = 16
"""So that nobody finds a reason out of its digest, once it is deleted, by trying what it may have been."""

FIRST: Final = bytes(32)
"""The digest that the first event names as the one before."""

_LOCK = query("audit_lock")
_LAST = query("audit_last")
_ADD = query("audit_add")
_ADD_REASON = query("audit_reason_add")
_PAGE = query("audit_page")
_OF_ALERT = query("audit_of_alert")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: by whom, to which alert, from which state to which, and why.

    All but `reason` stays for ever, so it names no child and no recipient: `details` are ids, numbers and our words.
    """

    actor: str
    action: str
    alert: UUID | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""
    details: dict[str, Any] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the chain keeps it; `reason_digest` is the SHA-256 of salt and reason, in hexadecimal."""

    actor: str
    action: str
    alert: UUID | None = None
    before: str | None = None
    after: str | None = None
    reason_digest: str | None = None
    details: dict[str, Any] = {}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the chain; `previous` is the digest of the one before, in hexadecimal."""

    seq: int
    at: datetime
    previous: str
    event: Entry


class Row(msgspec.Struct, frozen=True):
    """A row of the trail: `digest` is to be the SHA-256 of `content`, which holds one of `salt` and `reason`."""

    seq: int
    alert_id: UUID | None
    content: str
    digest: bytes
    salt: bytes | None = None
    reason: str | None = None


async def append(connection: Connection, *events: AuditEvent) -> None:
    """Append events within the caller's transaction."""
    if not events:
        return
    await connection.execute(_LOCK)
    last = await connection.fetchrow(_LAST)
    seq, digest, at = (0, FIRST, datetime.min.replace(tzinfo=UTC))
    if last is not None:
        # Never read by PostgreSQL: its JSON does not have every text, and nothing may keep the next event out.
        seq, digest, at = last["seq"], last["digest"], msgspec.json.decode(last["content"], type=Link).at
    for event in events:
        # A server whose clock is behind that of the one before it may not make time go back in the trail.
        seq, at = seq + 1, max(at, datetime.now(UTC))
        row = linked(seq, at, digest, event)
        await connection.execute(_ADD, row.seq, row.alert_id, row.content, row.digest)
        if row.reason is not None:
            # As bytes: a text of PostgreSQL does not have every sign.
            await connection.execute(_ADD_REASON, row.seq, row.alert_id, row.salt, row.reason.encode())
        digest = row.digest


def linked(seq: int, at: datetime, previous: bytes, event: AuditEvent) -> Row:
    """Return the row of an event that follows the one whose digest is `previous`."""
    salt = secrets.token_bytes(SALT_BYTES) if event.reason else None
    entry = Entry(
        actor=event.actor,
        action=event.action,
        alert=event.alert,
        before=event.before,
        after=event.after,
        reason_digest=None if salt is None else reason_digest(salt, event.reason),
        details=event.details,
    )
    content = msgspec.json.encode(Link(seq=seq, at=at, previous=previous.hex(), event=entry), order="deterministic")
    return Row(seq, event.alert, content.decode(), hashlib.sha256(content).digest(), salt, event.reason or None)


def reason_digest(salt: bytes, reason: str) -> str:
    """Return what the chain keeps of a reason."""
    return hashlib.sha256(salt + reason.encode()).hexdigest()


async def page(pool: Pool | Connection, after: int, limit: int = PAGE) -> list[Row]:
    """Return the events that follow `after`, in order: at most `limit`, and never more than `PAGE`."""
    return [_row(row) for row in await pool.fetch(_PAGE, after, min(limit, PAGE))]


async def of_alert(pool: Pool | Connection, alert_id: UUID, after: int) -> list[Row]:
    """Return the events of one alert that follow `after`, in order, `PAGE` at most."""
    return [_row(row) for row in await pool.fetch(_OF_ALERT, alert_id, after, PAGE)]


async def read(pool: Pool | Connection, alert_id: UUID | None = None) -> AsyncIterator[Row]:
    """Yield all events, or those of one alert, in order, holding one page at a time."""
    after = 0
    while rows := await (page(pool, after) if alert_id is None else of_alert(pool, alert_id, after)):
        for row in rows:
            yield row
        after = rows[-1].seq


def _row(row: Record) -> Row:
    seq, alert_id, content, digest, salt, reason = row
    # What is not UTF-8 any longer is not what was written, and stays visible as that.
    said = None if reason is None else reason.decode(errors="replace")
    return Row(seq, alert_id, content, digest, salt, said)
