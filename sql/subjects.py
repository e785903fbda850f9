"""Stores who signs in by an issuer (OpenID Connect): which person a subject is, and the token in whose name it acts.

Bounded by the people whom the issuer has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta

    from sql.database import Connection, Pool

_FIND = query("subject_find")
_BY_ID = query("subject_by_id")
_ADD = query("subject_add")
_LIST = query("subject_list")
_GIVE = query("subject_give")
_NAMESAKE = query("subject_namesake")
_TOKEN = query("subject_token")
_TOKEN_ADD = query("subject_token_add")
_TOKEN_EXTEND = query("subject_token_extend")


class SubjectRow(msgspec.Struct, frozen=True):
    """A subject of an issuer, with the name that it had at the first sign-in.

    `person`: None while an administrator has to say whose it is.
    """

    id: int
    issuer: str
    subject: str
    name: str
    person: int | None


class SubjectToken(msgspec.Struct, frozen=True):
    """The token of a subject that is valid."""

    id: int
    role: str
    authority: str | None


async def find(connection: Connection, issuer: str, subject: str) -> SubjectRow | None:
    """Return a subject of an issuer, None for one who never signed in."""
    row = await connection.fetchrow(_FIND, issuer, subject)
    return None if row is None else SubjectRow(*row)


async def by_id(connection: Connection, subject_id: int) -> SubjectRow | None:
    """Return a subject by its id."""
    row = await connection.fetchrow(_BY_ID, subject_id)
    return None if row is None else SubjectRow(*row)


async def add(connection: Connection, issuer: str, subject: str, name: str, person: int | None) -> SubjectRow:
    """Add a subject."""
    added: int = await connection.fetchval(_ADD, issuer, subject, name, person)
    return SubjectRow(added, issuer, subject, name, person)


async def listed(pool: Pool | Connection) -> list[SubjectRow]:
    """Return all subjects by id."""
    return [SubjectRow(*row) for row in await pool.fetch(_LIST)]


async def give(connection: Connection, subject_id: int, person: int) -> bool:
    """Say which person a subject is; False where that is known, or there is no such subject."""
    return await connection.fetchval(_GIVE, subject_id, person) is not None


async def namesake(connection: Connection, folded: str, skeleton: str) -> int | None:
    """Return a person with a valid token whose name is this one or looks like it, and whom no issuer knows."""
    person: int | None = await connection.fetchval(_NAMESAKE, folded, skeleton)
    return person


async def tokens(connection: Connection, subject_id: int) -> list[SubjectToken]:
    """Return the valid tokens of a subject, which nobody else changes within this transaction."""
    return [SubjectToken(*row) for row in await connection.fetch(_TOKEN, subject_id)]


async def add_token(
    connection: Connection,
    subject: SubjectRow,
    name: str,
    digest: bytes,
    role: str,
    authority: str | None,
    lasts: timedelta,
) -> int | None:
    """Add a token of a subject; returns its id, None when `authority` is unknown or revoked."""
    values = (name, role, digest, lasts, authority, subject.person, subject.id)
    token_id: int | None = await connection.fetchval(_TOKEN_ADD, *values)
    return token_id


async def extend_token(connection: Connection, token_id: int, lasts: timedelta) -> None:
    """Let a token stand for so long from now on."""
    await connection.execute(_TOKEN_EXTEND, token_id, lasts)
