"""Tickets open the feed once: this room makes them and reads them.

A ticket names the token in whose name it stands, its end and a nonce, with a message authentication code of ours: who
can write to Redis can make none. One of a page of the console opens the feed with the cookie of its session alone.
Redis only remembers which nonces were used. Bounded: `TICKET_S`, `TICKET_MAX` characters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from runtime.authentication_codes import CODE_BYTES

if TYPE_CHECKING:
    from runtime.authentication_codes import AuthenticationCodes

LABEL: Final = "qq-alert feed ticket"
TICKET_S: Final = 30
TICKET_MAX: Final = 200
NONCE_BYTES: Final = 16
_CONTENT: Final = struct.Struct(f">QQ{NONCE_BYTES}s")


class Ticket(NamedTuple):
    """What a ticket says: whose token, until when (ms), and by what it is known once it was used."""

    token_id: int
    until_ms: int
    nonce: bytes

    @property
    def key(self) -> str:
        """The name under which Redis remembers that it was used."""
        return f"ticket:{hashlib.sha256(self.nonce).hexdigest()}"


def written(codes: AuthenticationCodes, token_id: int, now_ms: int, holder: bytes = b"") -> str:
    """Return a new ticket in the name of a token; `holder`: what only the browser that asks for it has."""
    content = _CONTENT.pack(token_id, now_ms + TICKET_S * 1000, secrets.token_bytes(NONCE_BYTES))
    return base64.urlsafe_b64encode(content + codes.code(content + holder)).decode().rstrip("=")


def read(codes: AuthenticationCodes, ticket: str, now_ms: int, holder: bytes = b"") -> Ticket | None:
    """Return what a ticket says; None for one that is over, that nobody of us made, or that another holder has."""
    if len(ticket) > TICKET_MAX or not ticket.isascii():
        return None
    try:
        content = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    except (ValueError, binascii.Error):
        return None
    if len(content) != _CONTENT.size + CODE_BYTES:
        return None
    said, code = content[: _CONTENT.size], content[_CONTENT.size :]
    if not codes.verifies(said, code) and not (holder and codes.verifies(said + holder, code)):
        return None
    found = Ticket(*_CONTENT.unpack(said))
    # No later than one that is made now: a clock that was set back lets none live longer.
    return found if now_ms < found.until_ms <= now_ms + 2 * TICKET_S * 1000 else None
