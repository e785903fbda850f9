"""Stores persons: whose a token is, and who approved, worded or proposed something.

Bounded: one person a call; `MISSING_MAX` names of tokens without a person at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sql.database import Connection, Pool

MISSING_MAX: Final = 10_000
"""As many tokens as a server keeps in its cache."""

_LOCK = query("person_lock")
_FIND = query("person_find")
_READ = query("person_read")
_ADD = query("person_add")
_MISSING = query("person_missing")
_GIVE = query("person_give")
_IS_OFFICER = query("person_is_officer")


class PersonRow(msgspec.Struct, frozen=True):
    """A person: the name as shown, and as it compares."""

    id: int
    name: str
    folded: str


async def lock(connection: Connection) -> None:
    """Let only this transaction add persons."""
    await connection.execute(_LOCK)


async def find(connection: Connection, folded: str, skeleton: str) -> PersonRow | None:
    """Return the person with a name, or else one whose name looks like it; None without one."""
    row = await connection.fetchrow(_FIND, folded, skeleton)
    return None if row is None else PersonRow(*row)


async def read(connection: Connection | Pool, person: int) -> PersonRow | None:
    """Return a person by id, None when there is none."""
    row = await connection.fetchrow(_READ, person)
    return None if row is None else PersonRow(*row)


async def add(connection: Connection, name: str, folded: str, skeleton: str) -> PersonRow:
    """Add a person."""
    return PersonRow(await connection.fetchval(_ADD, name, folded, skeleton), name, folded)


async def missing(connection: Connection) -> list[str]:
    """Return the names of tokens that belong to no person."""
    return [row[0] for row in await connection.fetch(_MISSING, MISSING_MAX)]


async def give(connection: Connection, name: str, person: int, compared: Sequence[str]) -> None:
    """Give a person the tokens of a name, and what was done under it as it was `compared` before."""
    await connection.execute(_GIVE, name, person, list(compared))


async def is_officer(connection: Connection, person: int, authority: str, since: datetime) -> bool:
    """Tell whether a person had a token of an authority at any time since a moment."""
    found: bool = await connection.fetchval(_IS_OFFICER, person, authority, since)
    return found
