"""The audit trail: events flow in and are only appended, the chain of all flows out in order.

Each event's text holds the digest of the one before, so nothing can be changed or left out in the middle unseen.
Bounded: `PAGE` events a read. Appending takes turns until the caller's transaction ends: let it be its last statement.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection

PAGE: Final = 1000
FIRST: Final = bytes(32)
"""The digest that the first event names as the one before."""

_LOCK = query("audit_lock")
_LAST = query("audit_last")
_ADD = query("audit_add")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: by whom, to which alert, from which state to which, and why.

    It stays for ever, so it names no child and no recipient: `details` are ids, numbers and words of ours.
    """

    actor: str
    action: str
    alert: UUID | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""
    details: dict[str, Any] = {}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the chain; `previous` is the digest of the one before, in hexadecimal."""

    seq: int
    at: datetime
    previous: str
    event: AuditEvent


class Row(msgspec.Struct, frozen=True):
    """A row of the trail: `digest` is to be the SHA-256 of `content`."""

    seq: int
    alert_id: UUID | None
    content: str
    digest: bytes


async def append(connection: Connection, *events: AuditEvent) -> None:
    """Append events within the caller's transaction."""
    if not events:
        return
    await connection.execute(_LOCK)
    last = await connection.fetchrow(_LAST)
    seq, digest = (0, FIRST) if last is None else (last[0], last[1])
    for event in events:
        seq += 1
        link = Link(seq=seq, at=datetime.now(UTC), previous=digest.hex(), event=event)
        content = msgspec.json.encode(link, order="deterministic")
        digest = hashlib.sha256(content).digest()
        await connection.execute(_ADD, seq, event.alert, content.decode(), digest)
