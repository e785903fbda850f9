"""Gives the role that servers run as the rights that its queries need, and says what it could do beyond them.

The owner of the schema migrates and grants; servers run as another role, which only reads the audit trail and appends
to it. Bounded: one transaction, `GRANT_LOCK_MS` for a lock.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from sql.database import connect
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

GRANT_LOCK_MS: Final = 10_000

_ROLE: Final = query("grants_role")
_APPLY: Final = query("grants_apply")
_SESSION: Final = query("role_session")
_WEAKNESSES: Final = query("trail_weaknesses")


class RoleError(Exception):
    """The role that servers run as cannot be used; the text says why, and holds no password."""


class Session(msgspec.Struct, frozen=True):
    """Who a connection is, which database of which server it reached, and whether it may create tables there."""

    role: str
    database: str
    may_create: bool


async def session_of(connection: Connection | Pool) -> Session:
    """Return who a connection is."""
    row = await connection.fetchrow(_SESSION)
    if row is None:
        raise AssertionError("one row is always there")
    return Session(*row)


async def runtime_session(url: str) -> Session:
    """Return who servers are; RoleError when PostgreSQL does not let them in."""
    async with AsyncExitStack() as stack:
        try:
            connection = await connect(url)
        except asyncpg.InvalidAuthorizationSpecificationError:
            detail = "PostgreSQL does not let in the role of `url`: create it first, or correct its password"
            raise RoleError(f"{detail} (docs/operations.md)") from None
        stack.push_async_callback(connection.close)
        return await session_of(connection)


async def require_same_database(owner: Connection, runtime: Session) -> None:
    """Raise RoleError where the owner and the role of servers reach different databases."""
    if (await session_of(owner)).database != runtime.database:
        raise RoleError("`url` and `owner_url` reach different databases")


async def grant(owner: Connection, runtime: Session) -> None:
    """Give the role of a server its rights; nothing where servers run as the owner."""
    if (await session_of(owner)).role == runtime.role:
        return
    async with owner.transaction():
        await owner.execute(_ROLE, runtime.role, str(GRANT_LOCK_MS))
        await owner.execute(_APPLY)


async def weaknesses(pool: Pool) -> list[str]:
    """Return what the role of these connections could do to the audit trail, in words; empty: only append."""
    found: list[str] = await pool.fetchval(_WEAKNESSES)
    return found
