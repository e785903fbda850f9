"""Refuses a pooler that gives a connection no session of PostgreSQL of its own, before anything relies on one.

LISTEN, prepared statements, settings of a session and the lock of a migration belong to a session. pgbouncer in
transaction mode gives each transaction whichever one is free: a statement that was prepared is not there, and the lock
of a migration stays with a session that nobody releases. No pooler says how it works, so two connections look whether
each of them keeps its session, and shares it with no other. Bounded: `ROUNDS`, `CHECK_TIMEOUT_S` a statement.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import asyncpg

from sql.database import CONNECT_TIMEOUT_S
from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection

ROUNDS: Final = 3
"""In the second one a pooler that takes sessions in turn gives each connection another one than in the first."""

CHECK_TIMEOUT_S: Final = 5.0
CLOSE_S: Final = 1.0

UNKNOWN_PARAMETER: Final = "unsupported startup parameter"
"""What pgbouncer answers to a setting that it neither tracks nor was told to ignore."""

REMEDY: Final = "name PostgreSQL itself, or a pooler in session mode"
SHARED: Final = (
    "the pooler there gives a connection no session of its own, as pgbouncer does with `pool_mode = transaction`, and "
    f"nothing here works without one: {REMEDY}"
)

_SESSION: Final = query("session")
_LOST_STATEMENTS: Final = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)


class PoolerError(Exception):
    """A pooler before PostgreSQL cannot be used; the text says why, and what to do instead."""


async def require_session(url: str) -> None:
    """Raise PoolerError where a connection to `url` has no session of its own; `UNAVAILABLE_ERRORS` without an answer.

    Takes no lock, and leaves nothing behind.
    """
    try:
        async with AsyncExitStack() as stack:
            one, other = await _connect(stack, url), await _connect(stack, url)
            if not await _keep_their_sessions(one, other):
                raise PoolerError(SHARED)
    except _LOST_STATEMENTS:
        raise PoolerError(SHARED) from None
    except asyncpg.ProtocolViolationError as error:
        if (refusal := refused_by_pooler(str(error))) is None:
            raise
        raise refusal from None


def refused_by_pooler(answer: str) -> PoolerError | None:
    """Return the error for what a pooler answers to a connection that it will never serve; None for anything else."""
    if "pooling mode" in answer:
        return PoolerError(SHARED)
    for line in answer.splitlines():
        if UNKNOWN_PARAMETER in line:
            refused = line[line.index(UNKNOWN_PARAMETER) :].strip()
            return PoolerError(f"the pooler there does not take all that is asked of it ({refused}): {REMEDY}")
    return None


async def _connect(stack: AsyncExitStack, url: str) -> Connection:
    connection: Connection = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=CHECK_TIMEOUT_S, statement_cache_size=0
    )
    stack.push_async_callback(connection.close, timeout=CLOSE_S)
    return connection


async def _keep_their_sessions(one: Connection, other: Connection) -> bool:
    """Tell whether each connection always meets the same session, and never that of the other.

    One after the other they would share the session that was used last; at once, and given back in either order, they
    would change those that are taken in turn.
    """
    kept: set[tuple[str, str]] = set()
    for number in range(ROUNDS):
        kept.add(alone := (await _session_alone(one), await _session_alone(other)))
        if alone[0] == alone[1]:
            # Where there is only one, two transactions at once would wait for each other.
            return False
        # In transactions only: what is prepared outside of one could be somebody else's statement when it is executed.
        await one.execute("begin")
        await other.execute("begin")
        kept.add((await one.fetchval(_SESSION), await other.fetchval(_SESSION)))
        for connection in (one, other) if number % 2 else (other, one):
            await connection.execute("commit")
    return len(kept) == 1


async def _session_alone(connection: Connection) -> str:
    async with connection.transaction():
        session: str = await connection.fetchval(_SESSION)
        return session
