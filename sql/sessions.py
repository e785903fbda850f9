"""Stores who is signed in at the console: cookies and links by their digests, each in the name of a token.

Bounded: `PER_TOKEN_MAX` sessions of a token, the longest unused give way.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sql.database import UNAVAILABLE_ERRORS
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

PER_TOKEN_MAX: Final = 20
"""A few browsers of one person, and those that were closed without signing out."""

_ADD = query("session_add")
_FIND = query("session_find")
_USED = query("session_used")
_ROTATE = query("session_rotate")
_END = query("session_end")
_ENDED = query("session_ended")
_CLEAN = query("sessions_clean")
_LINK_ADD = query("sign_in_link_add")
_LINK_STANDS = query("sign_in_link_stands")
_LINK_USE = query("sign_in_link_use")


class SessionRow(msgspec.Struct, frozen=True):
    """A session that stands: the digest of its token, and whether the cookie is the newest one, of which age.

    `since`: from the sign-in on. `left`: until it ends, if it is not used. `issuer` and `unconfirmed`: by which one its
    person signed in, and how long ago that said last that the person is there; None for who signed in by a token.
    """

    id: int
    token_digest: bytes
    expires_at: datetime
    is_current: bool
    age: timedelta
    left: timedelta
    issuer: str | None = None
    unconfirmed: timedelta | None = None
    since: timedelta = timedelta()


class Signed(NamedTuple):
    """By an issuer: which of its subjects somebody is, and with what it is asked about them again, encrypted."""

    subject_id: int
    grant: bytes


async def add(
    pool: Pool | Connection, digest: bytes, token_id: int, lasts: timedelta, signed: Signed | None = None
) -> bool:
    """Add a session of a token, no longer than the token lasts; False when there is no such token."""
    subject, grant = (None, None) if signed is None else signed
    return await pool.fetchval(_ADD, digest, token_id, lasts, PER_TOKEN_MAX - 1, subject, grant) is not None


async def use(pool: Pool, digest: bytes, overlap: timedelta, idle: timedelta) -> SessionRow | None:
    """Return the session of a cookie, None when it is over; its use is noted where the record takes that."""
    row = await pool.fetchrow(_FIND, digest, overlap, idle)
    if row is None:
        return None
    *found, is_due = row
    if is_due:
        with suppress(*UNAVAILABLE_ERRORS):
            await pool.execute(_USED, found[0])
    return SessionRow(*found)


async def why_ended(pool: Pool | Connection, digest: bytes) -> str | None:
    """Return why the session of a cookie ended; None: by itself, or it is forgotten."""
    why: str | None = await pool.fetchval(_ENDED, digest)
    return why


async def rotate(pool: Pool | Connection, session_id: int, before: bytes, after: bytes) -> bool:
    """Give a session another cookie; False when another request has done so."""
    return await pool.fetchval(_ROTATE, session_id, before, after) is not None


async def end(pool: Pool | Connection, digest: bytes) -> int | None:
    """End the session of a cookie; returns the id of its token, None when there was none."""
    token_id: int | None = await pool.fetchval(_END, digest)
    return token_id


async def clean(pool: Pool, idle: timedelta) -> None:
    """Delete sessions, links and challenges that are over."""
    await pool.execute(_CLEAN, idle)


async def add_link(connection: Pool | Connection, digest: bytes, token_id: int, lasts: timedelta) -> None:
    """Add a link that signs the person of a token in, once."""
    await connection.execute(_LINK_ADD, digest, token_id, lasts)


async def link_stands(pool: Pool | Connection, digest: bytes) -> bool:
    """Tell whether a link is known, and neither used nor over."""
    stands: bool = await pool.fetchval(_LINK_STANDS, digest)
    return stands


async def use_link(pool: Pool | Connection, digest: bytes) -> tuple[int, bytes] | None:
    """Use a link up; returns the id and the digest of its token, None when it is unknown, used or over."""
    row = await pool.fetchrow(_LINK_USE, digest)
    return None if row is None else (row[0], row[1])
