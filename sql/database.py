"""Opens bounded pools of connections to PostgreSQL, and names the errors that mean it is unavailable.

A statement that is not answered in time ends its connection, and lets every other one be opened anew: after a failover
they are dead, too, and each would cost its time. Bounded: `POOL_MAX` connections a pool, `COMMAND_TIMEOUT_S` a
statement, `ACQUIRE_TIMEOUT_S` for a free connection, `CONNECT_TIMEOUT_S` for a new one. PostgreSQL itself bounds what a
process that freezes may hold: `SESSION` ends its transaction, and with it every lock.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

import asyncpg

from runtime.refusals import Refusals
from runtime.waiting import Waiting
from sql.timestamps import keep_within_years

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from asyncpg.pool import PoolAcquireContext, PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

POOL_MIN = 2
POOL_MAX = 12
"""A server has two pools, so that requests that wait for a lock take no connection from what sends."""

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 5.0
"""Far longer than any statement takes; for so long a connection that died with its machine is waited for."""

ACQUIRE_TIMEOUT_S: Final = 5.0
MAINTENANCE_TIMEOUT_S: Final = 60.0
"""For the statements that rewrite or remove much, for which nobody waits."""

RENEWED_EVERY_S: Final = 5.0
"""While PostgreSQL takes no writes, its connections are opened anew so often."""

CONNECTING: Final = "connect"
"""What is asked of PostgreSQL before any statement."""

MAX_QUERIES: Final = 1_000_000
IDLE_CONNECTION_S: Final = 300.0

IDLE_IN_TRANSACTION_S: Final = 0.8
"""A transaction that waits for its client so long is ended: a stop waits for its locks within a second."""

LOCK_S: Final = 3.0
"""Shorter than a statement may take, so that who waits for a lock keeps its connection."""

DEAD_PEER_S: Final = 10
"""A peer that acknowledges nothing for so long is gone; the first question comes after half of it."""

SESSION: Final = {
    "jit": "off",
    "idle_in_transaction_session_timeout": str(round(IDLE_IN_TRANSACTION_S * 1000)),
    "lock_timeout": str(round(LOCK_S * 1000)),
    "tcp_user_timeout": str(DEAD_PEER_S * 1000),
    "tcp_keepalives_idle": str(DEAD_PEER_S // 2),
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": str(DEAD_PEER_S // 2),
}

_BEGIN_SESSION: Final = ";".join(f"set {name} = '{value}'" for name, value in SESSION.items())

STARTING_ERRORS: Final = (
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
"""What ends by itself: whoever starts waits for that, and is told of everything else, such as a wrong password.

By the classes of SQLSTATE: 08 connections, 40 rolled back, 25 read-only or idle for too long, 53 a full disk or memory,
55 a lock, 57 cancelled or shutting down, 58 its system.
"""

MISTAKES: Final = (asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError)
"""What asking again never ends, our bug: texts that do not fit the schema (42), rows that break its rules (23)."""

_REFUSALS: Final = cast(
    # Its length is nothing that types know, and callers put such tuples together.
    "tuple[type[asyncpg.PostgresError]]",
    tuple(one for one in asyncpg.PostgresError.__subclasses__() if one not in MISTAKES),
)

UNSEEN_ERRORS: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.UndefinedObjectError)
"""A session does not see our schema: USAGE was taken away, or the role's `search_path` leads elsewhere.

A server that starts meets them before it serves, and every query is tried against the schema (`tests/integration/
test_queries.py`): in one that runs they are no text of ours. A session keeps its `search_path`, so it is opened anew.
"""

UNAVAILABLE_ERRORS: Final = (
    *STARTING_ERRORS,
    *_REFUSALS,
    # Of class 42, too, and no text of ours: somebody took a right away, and may give it back.
    asyncpg.InsufficientPrivilegeError,
    *UNSEEN_ERRORS,
)
"""What asyncpg raises while PostgreSQL cannot be reached, restarts, or refuses: wait, and try again.

Every class of SQLSTATE but those of `MISTAKES`: also damaged pages, a password that changed, a database that is gone.
"""

DAMAGED_ERRORS: Final = (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError)
"""A page of a table or an index cannot be read: asked for other rows, PostgreSQL answers."""

BAD_VALUE_ERRORS: Final = (asyncpg.DataError,)
"""A value that PostgreSQL has no place for (22): within a request it came with that, and asking again is of no use."""

ROW_ERRORS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.InternalServerError,
    asyncpg.PLPGSQLError,
    asyncpg.ProgramLimitExceededError,
    # What asyncpg itself cannot send.
    ValueError,
)
"""What one row may be refused with while others are taken: a value, a rule, a damaged page (22, 23, XX, P0, 54)."""

AWAY_ERRORS: Final = cast(
    "tuple[type[asyncpg.PostgresError]]", tuple(one for one in UNAVAILABLE_ERRORS if one not in ROW_ERRORS)
)
"""What is wrong with the record as a whole, and not with a row."""

REFUSED_ERRORS: Final = (*UNAVAILABLE_ERRORS, asyncpg.PostgresError)
"""Whatever keeps a row out of the record: after an effect that is not recorded yet there is only trying again."""


LOST_ERRORS: Final = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
"""No answer came. Whatever PostgreSQL itself says, it is there."""


is_row_left_aside: Final[ContextVar[bool]] = ContextVar("is_row_left_aside", default=False)
"""Whether who asks leaves a refused row aside, with an alarm of its own: the record as a whole refuses nothing then."""


class RecordConnection(asyncpg.Connection):
    """A connection that ends with the first statement that is not answered in time.

    asyncpg would ask the server to cancel it, which one that is gone does not answer either, and wait.
    """

    pool: RecordPool | None = None

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's
        """Execute a statement."""
        return await self._answer(query, super().execute(query, *args, timeout=timeout))

    async def fetch(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - asyncpg's overloads
        """Return all rows."""
        return await self._answer(query, super().fetch(query, *args, **options))

    async def fetchrow(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - asyncpg's overloads
        """Return the first row."""
        return await self._answer(query, super().fetchrow(query, *args, **options))

    async def fetchval(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - as asyncpg's
        """Return the first column of the first row."""
        return await self._answer(query, super().fetchval(query, *args, **options))

    async def _answer(self, text: str, statement: Coroutine[Any, Any, T]) -> T:
        if self.pool is None:
            return await statement
        asked_s = asyncio.get_running_loop().time()
        try:
            with self.pool.waiting.answer():
                result = await statement
        except asyncpg.PostgresError as error:
            await self.pool.note_refused(error, text, asked_s)
            if isinstance(error, UNSEEN_ERRORS):
                await self.pool.expire_connections()
            raise
        except TimeoutError:
            self.terminate()
            await self.pool.expire_connections()
            raise
        self.pool.refusals.taken(text)
        return result


class RecordPool(asyncpg.Pool):
    """A pool that knows what waits for PostgreSQL (`waiting`), and lets go of connections that may be dead.

    `refused`: what it refused last that does not end by itself: when, by the event loop's clock, and the error's name.
    `refusals`: whatever it refuses again and again.
    """

    __slots__ = ("__weakref__", "_renewed_s", "refusals", "refused", "waiting")

    def __init__(self, url: str) -> None:
        self.waiting = Waiting(LOST_ERRORS)
        self.refused: tuple[float, str] | None = None
        self.refusals = Refusals()
        self._renewed_s = float("-inf")
        super().__init__(
            url,
            min_size=POOL_MIN,
            max_size=POOL_MAX,
            max_queries=MAX_QUERIES,
            max_inactive_connection_lifetime=IDLE_CONNECTION_S,
            loop=None,
            connect=self._connect_to,
            connection_class=RecordConnection,
            record_class=asyncpg.Record,
            reset=_keep_session,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            server_settings={"application_name": "qq-alert"},
        )

    async def _connect_to(self, *args: Any, **options: Any) -> asyncpg.Connection:  # noqa: ANN401 - asyncpg's
        with self.waiting.answer():
            try:
                connection: asyncpg.Connection = await asyncpg.connect(*args, **options)
            except asyncpg.PostgresError as error:
                await self.note_refused(error, CONNECTING)
                raise
            self.refusals.taken(CONNECTING)
            # Not in the startup message, in which pgbouncer refuses it or drops it.
            await connection.execute(_BEGIN_SESSION)
            await keep_within_years(connection)
        if isinstance(connection, RecordConnection):
            connection.pool = self
        return connection

    async def note_refused(self, error: asyncpg.PostgresError, asked: str, asked_s: float | None = None) -> None:
        """Note an error that is no mistake of ours; `asked`: the statement, `asked_s`: since when, None: now."""
        now_s = asyncio.get_running_loop().time()
        if isinstance(error, ROW_ERRORS) and is_row_left_aside.get():
            return
        if isinstance(error, UNAVAILABLE_ERRORS) and not isinstance(error, STARTING_ERRORS):
            self.refused = now_s, type(error).__name__
        if isinstance(error, UNAVAILABLE_ERRORS) and not isinstance(error, BAD_VALUE_ERRORS):
            self.refusals.note(asked, type(error).__name__, asked_s)
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError) and now_s - self._renewed_s > RENEWED_EVERY_S:
            # A session stays read-only where it began so, and after a failover it may be that of a standby.
            self._renewed_s = now_s
            await self.expire_connections()

    def acquire(self, *, timeout: float | None = ACQUIRE_TIMEOUT_S) -> PoolAcquireContext:
        """Return a connection, or wait for one."""
        return super().acquire(timeout=timeout)


async def _keep_session(_: Connection) -> None:
    """Skip the reset of a connection: no query changes its session, and a reset costs a round trip for each use."""


async def connect(url: str) -> Connection:
    """Open one connection of its own, as to listen on; raises one of `UNAVAILABLE_ERRORS` when there is no answer."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await keep_within_years(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def open_pool(url: str) -> RecordPool:
    """Open a pool on `url`; raises one of `UNAVAILABLE_ERRORS` when PostgreSQL does not answer."""
    pool = RecordPool(url)
    await pool
    return pool
