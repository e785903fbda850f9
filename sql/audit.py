"""Appends events to the audit trail, as a chain of digests, and reads them in order.

Each event's text holds the digest of the one before, so that a change or a gap in the middle is seen. The reason of an
action is stored beside the chain, which holds only its salted digest: a reason may name the child, and is deleted with
the child's data. Bounded: `PAGE` events a read. Only one transaction appends at a time: make it its last statement.
`push.alerts.record.audit` verifies the chain, and explains what that proves.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from asyncpg import Record

    from sql.database import Connection, Pool

PAGE: Final = 1000
SALT_BYTES: Final = 16
"""The salt keeps a deleted reason from being guessed by hashing likely texts."""

FIRST: Final = bytes(32)
"""The previous digest of the first event."""

_HEAD = query("audit_head")
_LAST = query("audit_last")
_ADD = query("audit_add")
_PAGE = query("audit_page")
_DIGEST = query("audit_digest")
_OF_ALERT = query("audit_of_alert")
_NEWEST_OF_ALERT = query("audit_newest_of_alert")
_NOTE_LOST = query("lost_event_note")
_LIST_LOST = query("lost_event_list")
_COUNT_LOST = query("lost_event_count")


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command was typed: the system's user, as who they logged in and who they were before sudo, the machine.

    `host`: the first digits of the SHA-256 of the machine's name, because personal machines are named after people.
    """

    os_user: str
    login_user: str | None = None
    sudo_user: str | None = None
    host: str


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An action: who did what to which alert, its states before and after, and why.

    `token`: the id of the person's token; `terminal`: where the command was typed. Everything but `reason` is kept for
    ever, so `details` hold ids, numbers and our own words: no child, no recipient.
    """

    actor: str
    action: str
    alert: UUID | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""
    details: dict[str, Any] = {}
    token: int | None = None
    terminal: Terminal | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the chain; `reason_digest` is the SHA-256 of salt and reason, in hexadecimal.

    Events of earlier versions have neither `token` nor `terminal`: what was hashed is the text that is stored.
    """

    actor: str
    action: str
    alert: UUID | None = None
    before: str | None = None
    after: str | None = None
    reason_digest: str | None = None
    details: dict[str, Any] = {}
    token: int | None = None
    terminal: Terminal | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its place in the chain; `previous` is the digest of the one before, in hexadecimal."""

    seq: int
    at: datetime
    previous: str
    event: Entry


class Row(msgspec.Struct, frozen=True):
    """A row of the trail: `digest` is the SHA-256 of `content`, which holds the digest of `salt` and `reason`."""

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
    [(now, seq, digest, content)] = await connection.fetch(_HEAD)
    # Decoded here, not by PostgreSQL: its JSON lacks some characters, and no event may block the next one.
    at = now if content is None else max(now, msgspec.json.decode(content, type=Link).at)
    seq, digest, rows = seq or 0, digest or FIRST, list[Row]()
    for event in events:
        # By the record's clock, and never decreasing, also when that is set back.
        rows.append(linked(seq + 1, at, digest, event))
        seq, digest = rows[-1].seq, rows[-1].digest
    await connection.execute(
        _ADD,
        [row.seq for row in rows],
        [row.alert_id for row in rows],
        [row.content for row in rows],
        [row.digest for row in rows],
        [row.salt for row in rows],
        # As bytes: a text of PostgreSQL cannot hold every character.
        [None if row.reason is None else row.reason.encode() for row in rows],
    )


def linked(seq: int, at: datetime, previous: bytes, event: AuditEvent) -> Row:
    """Return the row of an event that comes after the one whose digest is `previous`."""
    salt = secrets.token_bytes(SALT_BYTES) if event.reason else None
    entry = Entry(
        actor=event.actor,
        action=event.action,
        alert=event.alert,
        before=event.before,
        after=event.after,
        reason_digest=None if salt is None else reason_digest(salt, event.reason),
        details=event.details,
        token=event.token,
        terminal=event.terminal,
    )
    content = msgspec.json.encode(Link(seq=seq, at=at, previous=previous.hex(), event=entry), order="deterministic")
    return Row(seq, event.alert, content.decode(), hashlib.sha256(content).digest(), salt, event.reason or None)


def reason_digest(salt: bytes, reason: str) -> str:
    """Return what the chain keeps of a reason."""
    return hashlib.sha256(salt + reason.encode()).hexdigest()


class Position(msgspec.Struct, frozen=True):
    """The newest event of the trail: its number, its digest, and when it was."""

    seq: int
    digest: bytes
    at: datetime


async def newest(pool: Pool) -> Position | None:
    """Return the newest event's position, None for an empty trail."""
    last = await pool.fetchrow(_LAST)
    if last is None:
        return None
    return Position(last["seq"], last["digest"], msgspec.json.decode(last["content"], type=Link).at)


async def digest_of(pool: Pool | Connection, seq: int) -> bytes | None:
    """Return the digest of an event, None when there is none."""
    found: bytes | None = await pool.fetchval(_DIGEST, seq)
    return found


async def note_lost(pool: Pool, events: Iterable[tuple[int, bytes]]) -> None:
    """Note events, by number and digest, that the record had and lost, and because of which all was paused."""
    seqs, digests = zip(*events, strict=True)
    await pool.execute(_NOTE_LOST, seqs, digests)


async def noted_lost(pool: Pool, events: Iterable[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
    """Return those of these events that are noted as lost."""
    seqs, digests = zip(*events, strict=True)
    return {(row[0], row[1]) for row in await pool.fetch(_LIST_LOST, seqs, digests)}


async def count_lost(pool: Pool) -> int:
    """Return how many events are noted as lost."""
    found: int = await pool.fetchval(_COUNT_LOST)
    return found


async def page(pool: Pool | Connection, after: int, limit: int = PAGE) -> list[Row]:
    """Return the events that follow `after`, in order: at most `limit`, and never more than `PAGE`."""
    return [_row(row) for row in await pool.fetch(_PAGE, after, min(limit, PAGE))]


async def of_alert(pool: Pool | Connection, alert_id: UUID, after: int, limit: int = PAGE) -> list[Row]:
    """Return the events of one alert that follow `after`, in order: at most `limit`, and never more than `PAGE`."""
    return [_row(row) for row in await pool.fetch(_OF_ALERT, alert_id, after, min(limit, PAGE))]


async def newest_of_alert(pool: Pool | Connection, alert_id: UUID, limit: int) -> list[Row]:
    """Return the newest events of one alert, the newest first, without reasons."""
    return [_row(row) for row in await pool.fetch(_NEWEST_OF_ALERT, alert_id, min(limit, PAGE))]


async def read(pool: Pool | Connection, alert_id: UUID | None = None, after: int = 0) -> AsyncIterator[Row]:
    """Yield all events, or those of one alert, that follow `after`, in order, holding one page at a time."""
    while rows := await (page(pool, after) if alert_id is None else of_alert(pool, alert_id, after)):
        for row in rows:
            yield row
        after = rows[-1].seq


def _row(row: Record) -> Row:
    seq, alert_id, content, digest, salt, reason = row
    # A reason that is no longer UTF-8 was changed after it was written; the replaced characters keep that visible.
    text = None if reason is None else reason.decode(errors="replace")
    return Row(seq, alert_id, content, digest, salt, text)
