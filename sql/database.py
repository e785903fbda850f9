"""Opens a bounded pool of connections to PostgreSQL, and names the errors that mean it is unavailable.

Bounded: `POOL_MAX` connections a process, `COMMAND_TIMEOUT_S` a statement, `CONNECT_TIMEOUT_S` a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

POOL_MIN = 2
POOL_MAX = 16
CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 30.0

UNAVAILABLE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What asyncpg raises while PostgreSQL restarts or cannot be reached: wait and try again."""


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
        server_settings={"application_name": "qq-alert", "jit": "off"},
    )
