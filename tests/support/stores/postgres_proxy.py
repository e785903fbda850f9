"""A proxy before PostgreSQL that can cut the connections that LISTEN, or silence all that there are.

Bounded by the test.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOCKET: Final = ".s.PGSQL.5432"
CHUNK: Final = 65_536


class PostgresProxy:
    """A socket that forwards to PostgreSQL's; `database_url` connects through it."""

    def __init__(self, database_url: str, folder: Path) -> None:
        host = parse_qs(urlsplit(database_url).query)["host"][0]
        self.database_url = database_url.replace(host, str(folder))
        self._target = str(Path(host) / SOCKET)
        self._listeners: set[asyncio.StreamWriter] = set()
        self._refuses_listeners = False
        self._generation = 0
        self._losing = b""

    def lose_answer(self, statement: bytes) -> None:
        """Cut the next connection that asks for `statement`, once its COMMIT is through and before that is answered."""
        self._losing = statement

    def silence(self) -> None:
        """Forward nothing more on the connections that there are, as if their machine had died; new ones work."""
        self._generation += 1

    def cut_listeners(self) -> None:
        """Cut the connections that LISTEN, and any that try to, until `allow_listeners`."""
        self._refuses_listeners = True
        for writer in self._listeners:
            writer.transport.abort()

    def allow_listeners(self) -> None:
        """Let connections LISTEN again."""
        self._refuses_listeners = False

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        from_postgres, to_postgres = await asyncio.open_unix_connection(self._target)
        generation, loses = self._generation, False
        replies = asyncio.create_task(self._copy(from_postgres, writer, generation))
        try:
            while chunk := await reader.read(CHUNK):
                if generation != self._generation:
                    continue
                if b"LISTEN" in chunk:
                    self._listeners.add(writer)
                    if self._refuses_listeners:
                        writer.transport.abort()
                        return
                loses = loses or bool(self._losing and self._losing in chunk)
                if loses and b"COMMIT" in chunk:
                    self._losing = b""
                    replies.cancel()
                    to_postgres.write(chunk)
                    # PostgreSQL has committed once it answers.
                    await from_postgres.read(1)
                    writer.transport.abort()
                    return
                to_postgres.write(chunk)
                await to_postgres.drain()
        except OSError:
            return
        finally:
            self._listeners.discard(writer)
            replies.cancel()
            to_postgres.close()
            writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, generation: int) -> None:
        while chunk := await reader.read(CHUNK):
            if generation == self._generation:
                writer.write(chunk)
        writer.close()


@asynccontextmanager
async def postgres_proxy(database_url: str) -> AsyncIterator[PostgresProxy]:
    """Serve a proxy on a socket in a temporary folder, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        proxy = PostgresProxy(database_url, Path(folder))
        server = await asyncio.start_unix_server(proxy.forward, Path(folder) / SOCKET)
        try:
            yield proxy
        finally:
            server.close()
