"""Stores what an issuer says of sessions: with what it is asked again, and when it last said that a person is there.

One process asks about a session at a time. Bounded: a list by its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta

    from sql.database import Connection, Pool

_DUE = query("grant_due")
_CLAIM = query("grant_claim")
_CONFIRM = query("grant_confirm")
_PUT_OFF = query("grant_put_off")
_REFUSE = query("grant_refuse")


class Claimed(msgspec.Struct, frozen=True):
    """A session about which this process asks: with what (encrypted), about whom, and in whose token's name it acts."""

    grant: bytes
    subject_id: int
    token_id: int
    subject: str


async def due(
    pool: Pool, fresh: timedelta, in_use: timedelta, feeds: list[bytes], claim: timedelta, limit: int
) -> list[int]:
    """Return sessions in use that were not confirmed for `fresh`; `feeds`: digests of tokens with an open feed."""
    return [row[0] for row in await pool.fetch(_DUE, fresh, in_use, feeds, claim, limit)]


async def claim(pool: Pool, session_id: int, fresh: timedelta, lasts: timedelta) -> Claimed | None:
    """Ask about a session that was not confirmed for `fresh`; None when it was, or another process asks."""
    row = await pool.fetchrow(_CLAIM, session_id, fresh, lasts)
    return None if row is None else Claimed(*row)


async def confirm(connection: Connection, session_id: int, grant: bytes, token_id: int, lasts: timedelta) -> None:
    """Note that the person is there, with which token they act, and how long that stands."""
    await connection.execute(_CONFIRM, session_id, grant, token_id, lasts)


async def put_off(pool: Pool, session_id: int, grant: bytes) -> None:
    """Note that the issuer did not answer, and with what it is asked next."""
    await pool.execute(_PUT_OFF, session_id, grant)


async def refuse(connection: Connection, session_id: int, why: str, within: timedelta) -> tuple[int, bool] | None:
    """End a session; returns its token and whether another session of that was confirmed `within` so long."""
    row = await connection.fetchrow(_REFUSE, session_id, why, within)
    return None if row is None else (row[0], row[1])
