"""Stores the certificates pinned for each authority, and which alert each CAP message was about.

Bounded: `handlers.cap.verification` limits the certificates of an authority, the size of a message its references.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

_PIN = query("certificate_pin")
_UNPIN = query("certificate_unpin")
_ENDING = query("certificate_list")
_PINS = query("authority_pins")
_LASTING = query("certificate_count")
_NOTE = query("cap_note")
_FIND = query("cap_find")
_KNOWN = query("cap_known")
_NEWEST = query("cap_newest")
_LOCK = query("certificate_lock")


async def pin(connection: Connection, authority: str, fingerprint: str, pem: str, not_after: datetime) -> None:
    """Trust a certificate to sign for an authority."""
    await connection.execute(_PIN, authority, fingerprint, pem, not_after)


async def unpin(connection: Connection, authority: str, fingerprint: str) -> bool:
    """Stop trusting a certificate; False when it was not pinned for the authority."""
    return await connection.fetchval(_UNPIN, authority, fingerprint) is not None


async def hold_pin(connection: Connection, authority: str, fingerprint: str) -> bool:
    """Keep a certificate pinned until the caller's transaction ends; False when it is not."""
    return await connection.fetchval(_LOCK, authority, fingerprint) is not None


async def pins_of(pool: Pool | Connection, authority: str, pins_max: int) -> list[str] | None:
    """Return an authority's certificates (PEM), expired ones last; None for an unknown or revoked authority."""
    row = await pool.fetchrow(_PINS, authority, pins_max)
    return None if row is None else list(row[0])


async def lasting(connection: Connection, authority: str) -> int:
    """Return how many certificates of an authority have not expired."""
    count: int = await connection.fetchval(_LASTING, authority)
    return count


async def ending(pool: Pool, within: timedelta) -> list[tuple[str, datetime]]:
    """Return (name, end) of the pinned certificates that expire within a time; the name holds no secret."""
    return [(f"certificate {row[1][:16]} of authority {row[0]}", row[2]) for row in await pool.fetch(_ENDING, within)]


class CapMessage(msgspec.Struct, frozen=True):
    """What identifies a message of an authority; `kind`: Alert, Update or Cancel; `digest`: of its content.

    `certificate`: the fingerprint of the pinned certificate that signed it, None where nothing did.
    """

    sender: str
    identifier: str
    sent: datetime
    kind: str
    digest: bytes
    certificate: str | None = None


async def note(connection: Connection, authority: str, message: CapMessage, alert_id: UUID) -> None:
    """Store which alert a message was about."""
    identity = (message.sender, message.identifier, message.sent, alert_id, message.kind, message.digest)
    await connection.execute(_NOTE, authority, *identity, message.certificate)


async def known(connection: Connection, authority: str, message: CapMessage) -> tuple[UUID, str, bytes | None] | None:
    """Return alert, kind and digest of the message with the same sender, identifier and time; None without one."""
    row = await connection.fetchrow(_KNOWN, authority, message.sender, message.identifier, message.sent)
    return None if row is None else (row[0], row[1], row[2])


async def is_taken(pool: Pool, authority: str, sender: str, identifier: str, sent: datetime) -> bool:
    """Tell whether a message has been taken from an authority already."""
    return await pool.fetchrow(_KNOWN, authority, sender, identifier, sent) is not None


async def newest(connection: Connection, alert_id: UUID) -> datetime | None:
    """Return when the newest message about an alert was sent, None when none was taken."""
    moment: datetime | None = await connection.fetchval(_NEWEST, alert_id)
    return moment


async def find(pool: Pool | Connection, authority: str, messages: Sequence[tuple[str, str, datetime]]) -> UUID | None:
    """Return the alert that any of these messages (sender, identifier, sent) was about; None when there is none."""
    senders, identifiers, sents = ([one[part] for one in messages] for part in range(3))
    found: UUID | None = await pool.fetchval(_FIND, authority, senders, identifiers, sents)
    return found
