"""The clients of the record's double: what asyncpg's pool and connections are to `push`.

Bounded by the server. A process that is over does nothing more: its calls raise CancelledError.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

import sql.query
from runtime.refusals import Refusals
from runtime.waiting import Waiting
from sql.database import COMMAND_TIMEOUT_S, LOST_ERRORS
from tests.simulation.record.server import BEGIN, COMMIT, ROLLBACK, RecordServer, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.simulation.record.queries import Row
    from tests.simulation.world.process import SimulatedProcess


PING: Final = sql.query.query("ping")


class FakeConnection:
    """A connection. `within_s`: it ends with a statement that is not answered in that time, as those of the pool do."""

    def __init__(
        self, server: RecordServer, process: SimulatedProcess | None, *, within_s: float | None = None
    ) -> None:
        self._server = server
        self._process = process
        self._within_s = within_s
        self._session = Session(process)
        server.sessions[self._session] = None

    async def fetch(self, text: str, *arguments: object, timeout: float | None = None) -> list[Row]:  # noqa: ASYNC109 - as asyncpg
        """Return the rows of an answer."""
        if self._process is not None and self._process.over:
            raise asyncio.CancelledError
        answered: asyncio.Future[list[Row]] = self._server.loop.create_future()
        self._server.submit(self._session, text, arguments, answered)
        try:
            async with asyncio.timeout(self._within_s if timeout is None else timeout):
                return await answered
        except TimeoutError:
            if self._within_s is not None:
                self.terminate()
            raise

    async def fetchrow(self, text: str, *arguments: object) -> Row | None:
        """Return the first row."""
        rows = await self.fetch(text, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, text: str, *arguments: object, timeout: float | None = None) -> Any:  # noqa: ANN401, ASYNC109 - as asyncpg
        """Return the first column of the first row."""
        rows = await self.fetch(text, *arguments, timeout=timeout)
        return rows[0][0] if rows else None

    async def execute(self, text: str, *arguments: object) -> str:
        """Run a statement."""
        await self.fetch(text, *arguments)
        return ""

    def transaction(self) -> FakeTransaction:
        """Return a transaction."""
        return FakeTransaction(self)

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None:
        """Hear of notifications, in the context of the caller."""
        await self.fetch(PING)
        context, loop = copy_context(), self._server.loop

        def hear(payload: str) -> None:
            loop.call_soon(callback, self, 0, channel, payload, context=context)

        self._session.listeners[channel] = hear

    def terminate(self) -> None:
        """Close at once."""
        self._server.close(self._session)


class FakeTransaction:
    """A transaction."""

    def __init__(self, connection: FakeConnection) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        await self._connection.fetch(BEGIN)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._connection.fetch(COMMIT)
        elif issubclass(kind, Exception):
            await self._connection.fetch(ROLLBACK)
        else:
            self._connection.terminate()


class Acquired:
    """A connection of the pool, for as long as a block takes."""

    def __init__(self, connection: FakeConnection) -> None:
        self._connection = connection

    async def __aenter__(self) -> FakeConnection:
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._connection.terminate()


class FakePool:
    """A pool of connections; each use gets a new one."""

    def __init__(self, server: RecordServer, process: SimulatedProcess | None) -> None:
        self._server = server
        self._process = process
        self.waiting = Waiting(LOST_ERRORS)
        self.refused: tuple[float, str] | None = None
        self.refusals = Refusals()

    async def expire_connections(self) -> None:
        """Do nothing: each use gets a new connection."""

    def acquire(self) -> Acquired:
        """Return a connection for a block."""
        return Acquired(self._connection())

    def _connection(self) -> FakeConnection:
        return FakeConnection(self._server, self._process, within_s=COMMAND_TIMEOUT_S)

    async def fetch(self, text: str, *arguments: object, timeout: float | None = None) -> list[Row]:  # noqa: ASYNC109 - as asyncpg
        """Return the rows of an answer."""
        connection = self._connection()
        try:
            with self.waiting.answer():
                return await connection.fetch(text, *arguments, timeout=timeout)
        finally:
            connection.terminate()

    async def fetchrow(self, text: str, *arguments: object) -> Row | None:
        """Return the first row."""
        rows = await self.fetch(text, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, text: str, *arguments: object, timeout: float | None = None) -> Any:  # noqa: ANN401, ASYNC109 - as asyncpg
        """Return the first column of the first row."""
        rows = await self.fetch(text, *arguments, timeout=timeout)
        return rows[0][0] if rows else None

    async def execute(self, text: str, *arguments: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as asyncpg
        """Run a statement."""
        await self.fetch(text, *arguments, timeout=timeout)
        return ""


async def connect(server: RecordServer, process: SimulatedProcess | None) -> FakeConnection:
    """Open a connection, as `sql.database.connect`."""
    connection = FakeConnection(server, process)
    await connection.fetch(PING)
    return connection
