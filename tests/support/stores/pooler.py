"""A stand-in for pgbouncer before PostgreSQL: it treats connections as pgbouncer does, by transaction or by session.

It speaks PostgreSQL's protocol (version 3) on a socket. As pgbouncer's source has it (`client.c`, `server.c`,
`objects.c`): a client's startup is answered by the pooler, with the parameters of a session that stands, and an unknown
parameter is refused; in transaction mode a client has a session from its first message until ReadyForQuery says that no
transaction is open; the next one gets the session that was used last, or with `in_turn` (`server_round_robin`) the
one that has rested longest. What it leaves out: TLS, passwords, cancelling, and setting a client's own encoding or time
zone in the session that it gets. Bounded by `sessions` in transaction mode, and by the test.
"""

from __future__ import annotations

import asyncio
import os
import struct
import tempfile
from collections import deque
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg

from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SOCKET: Final = ".s.PGSQL.5432"
PROTOCOL: Final = 3 << 16
ENCRYPTION_REQUESTS: Final = {80877103, 80877104}
TRACKED: Final = {"client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name"}
ANSWERED_BY_READY: Final = {b"Q", b"S", b"F"}
"""Query, Sync and FunctionCall: each is answered by one ReadyForQuery."""

LOST: Final = (OSError, asyncio.IncompleteReadError)


class Message(NamedTuple):
    """One message: its type and all of its bytes."""

    kind: bytes
    content: bytes


async def _message(reader: asyncio.StreamReader) -> Message:
    kind, length = struct.unpack("!cI", head := await reader.readexactly(5))
    return Message(kind, head + await reader.readexactly(length - 4))


class Session:
    """One connection to PostgreSQL; what it answers goes to the client that has it now."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parameters: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self.parameters = parameters
        self.client: asyncio.StreamWriter | None = None
        self.when_idle: Callable[[], None] = lambda: None
        self._unanswered = 0

    @classmethod
    async def open(cls, target: str) -> Session:
        """Connect as the tests' user and database."""
        path, _, database = target.partition("\0")
        reader, writer = await asyncio.open_unix_connection(path)
        content = struct.pack("!I", PROTOCOL) + f"user\0app\0database\0{database}\0\0".encode()
        writer.write(struct.pack("!I", len(content) + 4) + content)
        parameters = b""
        while (message := await _message(reader)).kind != b"Z":
            parameters += message.content if message.kind == b"S" else b""
        return cls(reader, writer, parameters)

    def take(self, message: Message) -> None:
        """Forward a message of the client."""
        self._unanswered += message.kind in ANSWERED_BY_READY
        self._writer.write(message.content)

    async def answer(self) -> None:
        """Forward what PostgreSQL answers, until it ends the connection."""
        while True:
            message = await _message(self._reader)
            if self.client is not None:
                self.client.write(message.content)
            if message.kind == b"Z":
                self._unanswered -= 1
                if message.content[-1:] == b"I" and not self._unanswered:
                    self.when_idle()

    def close(self) -> None:
        """End the connection, and with it the session and its locks."""
        self._writer.close()


class Pooler:
    """Serves `database_url` with some sessions that all clients share, or (`sessions` None) one for each client."""

    def __init__(
        self, database_url: str, folder: Path, *, sessions: int | None, in_turn: bool, ignored: frozenset[str]
    ) -> None:
        parts = urlsplit(database_url)
        host = parse_qs(parts.query)["host"][0]
        self.database_url = database_url.replace(host, str(folder))
        self._target = f"{Path(host) / SOCKET}\0{parts.path.removeprefix('/')}"
        self._in_turn = in_turn
        self._ignored = TRACKED | ignored | {"user", "database"}
        self._is_shared = sessions is not None
        self._free = asyncio.Semaphore(sessions or 0)
        self._resting: deque[Session] = deque()
        self._answering: dict[asyncio.Task[None], Session] = {}

    async def fill(self, sessions: int) -> None:
        """Open the sessions that all clients share."""
        for _ in range(sessions):
            self._resting.append(await self._open())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it ends."""
        try:
            if await self._has_started(reader, writer):
                await (self._serve_transactions if self._is_shared else self._serve_session)(reader, writer)
        except LOST:
            return
        finally:
            writer.close()

    async def close(self) -> None:
        """End all sessions."""
        for task, session in self._answering.items():
            task.cancel()
            session.close()
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _open(self) -> Session:
        session = await Session.open(self._target)
        self._answering[asyncio.create_task(session.answer())] = session
        return session

    async def _has_started(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer the startup of a client; False when it is refused."""
        length, code = struct.unpack("!II", await reader.readexactly(8))
        while code in ENCRYPTION_REQUESTS:
            writer.write(b"N")
            length, code = struct.unpack("!II", await reader.readexactly(8))
        if code != PROTOCOL:
            # It asks to cancel something.
            return False
        names = (await reader.readexactly(length - 8)).decode().split("\0")[::2]
        unknown = [name for name in names if name and name.lower() not in self._ignored]
        if unknown:
            text = f"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: {unknown[0]}\0\0"
            writer.write(struct.pack("!cI", b"E", len(text) + 4) + text.encode())
            return False
        parameters = (self._resting[0] if self._resting else await self._known()).parameters
        key = struct.pack("!cI", b"K", 12) + os.urandom(8)
        writer.write(struct.pack("!cII", b"R", 8, 0) + parameters + key + struct.pack("!cIc", b"Z", 5, b"I"))
        return True

    async def _known(self) -> Session:
        return next(iter(self._answering.values()), None) or await self._open()

    async def _serve_session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = await self._open()
        session.client = writer
        try:
            while (message := await _message(reader)).kind != b"X":
                session.take(message)
        finally:
            session.close()

    async def _serve_transactions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: list[Session] = []

        def give_back() -> None:
            session = held.pop()
            session.client = None
            self._resting.append(session)
            self._free.release()

        try:
            while (message := await _message(reader)).kind != b"X":
                if not held:
                    await self._free.acquire()
                    held.append(self._resting.popleft() if self._in_turn else self._resting.pop())
                    held[0].client, held[0].when_idle = writer, give_back
                held[0].take(message)
        finally:
            if held:
                # The client ended within a transaction: so does that.
                held[0].client, held[0].when_idle = None, lambda: None
                held[0].close()
                self._resting.append(await self._open())
                self._free.release()


async def _admit(connection: asyncpg.Connection[asyncpg.Record], rule: str) -> None:
    """Make a line all of pg_hba.conf; only PostgreSQL itself has a way to its data folder."""
    file = await connection.fetchval("show hba_file")
    await connection.execute(f"copy (select '{rule}') to '{file}'")
    await connection.execute("select pg_reload_conf()")


@asynccontextmanager
async def _trusting(database_url: str) -> AsyncIterator[None]:
    """Have PostgreSQL let everybody in over its socket: the pooler knows no passwords."""
    parts = urlsplit(database_url)
    without_password = urlunsplit(parts._replace(netloc=f"{parts.username}@"))

    async def is_trusted() -> bool:
        try:
            await (await asyncpg.connect(without_password, password="")).close()
        except asyncpg.PostgresError:
            return False
        return True

    connection = await asyncpg.connect(database_url)
    try:
        await _admit(connection, "local all all trust")
        await until(is_trusted)
        yield
    finally:
        await _admit(connection, "local all all scram-sha-256")
        await connection.close()


@asynccontextmanager
async def pooler(
    database_url: str, *, sessions: int | None, in_turn: bool = False, ignored: frozenset[str] = frozenset()
) -> AsyncIterator[Pooler]:
    """Serve one on a socket in a temporary folder, whose path is short enough for a socket.

    `sessions`: as many in transaction mode, None for session mode. `ignored`: as `ignore_startup_parameters`.
    """
    async with _trusting(database_url):
        with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
            served = Pooler(database_url, Path(folder), sessions=sessions, in_turn=in_turn, ignored=ignored)
            await served.fill(sessions or 0)
            server = await asyncio.start_unix_server(served.serve, Path(folder) / SOCKET)
            try:
                yield served
            finally:
                server.close()
                await served.close()
