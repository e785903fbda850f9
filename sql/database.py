"""Opens a bounded pool of connections to PostgreSQL, and names the errors that mean it is unavailable.

Bounded: `POOL_MAX` connections a process, `COMMAND_TIMEOUT_S` a statement, `CONNECT_TIMEOUT_S` a connection. PostgreSQL
itself bounds what a process that freezes may hold: `SESSION` ends its transaction, and with it every lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

POOL_MIN = 2
POOL_MAX = 16
CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 30.0

IDLE_IN_TRANSACTION_S: Final = 0.8
"""A transaction that waits for its client so long is ended: a stop waits for its locks within a second."""

LOCK_S: Final = 5.0
DEAD_PEER_S: Final = 10
"""A peer that acknowledges nothing for so long is gone; the first question comes after half of it."""

SESSION: Final = {
    "application_name": "qq-alert",
    "jit": "off",
    "idle_in_transaction_session_timeout": str(round(IDLE_IN_TRANSACTION_S * 1000)),
    "lock_timeout": str(round(LOCK_S * 1000)),
    "tcp_user_timeout": str(DEAD_PEER_S * 1000),
    "tcp_keepalives_idle": str(DEAD_PEER_S // 2),
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": str(DEAD_PEER_S // 2),
}

UNAVAILABLE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
)
"""What asyncpg raises while PostgreSQL cannot be reached, restarts, or refuses what it takes at other times.

Wait and try again. By the classes of SQLSTATE: 08 connections, 40 rolled back, 25 read-only or idle for too long, 53 a
full disk or memory, 55 a lock, 57 cancelled or shutting down, 58 its system.
"""

REFUSED_ERRORS = (*UNAVAILABLE_ERRORS, asyncpg.PostgresError)
"""Whatever keeps a row out of the record: after an effect that is not recorded yet there is only trying again."""


async def connect(url: str) -> Connection:
    """Open one connection of its own, to listen on; raises one of `UNAVAILABLE_ERRORS` when there is no answer."""
    return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)


async def _keep_session(_: Connection) -> None:
    """Skip the reset of a connection: no query changes its session, and a reset costs a round trip for each use."""


async def open_pool(url: str) -> Pool:
    """Open the pool on `url`; raises one of `UNAVAILABLE_ERRORS` when PostgreSQL does not answer."""
    return await asyncpg.create_pool(
        url,
        min_size=POOL_MIN,
        max_size=POOL_MAX,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        reset=_keep_session,
        server_settings=SESSION,
    )
