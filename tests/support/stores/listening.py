"""A way to PostgreSQL on which nobody need be heard: connections flow in and out, those that listen can be cut.

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


class Listening:
    """A socket before that of PostgreSQL; `deaf`: whoever would listen is cut at once, all others go on."""

    def __init__(self, database_url: str, folder: Path) -> None:
        host = parse_qs(urlsplit(database_url).query)["host"][0]
        self.database_url = database_url.replace(host, str(folder))
        self._to = str(Path(host) / SOCKET)
        self._listening: set[asyncio.StreamWriter] = set()
        self._unavailable = False

    def cut(self) -> None:
        """Cut those that listen, and let nobody listen until `mend`."""
        self._unavailable = True
        for writer in self._listening:
            writer.transport.abort()

    def mend(self) -> None:
        """Let everybody listen."""
        self._unavailable = False

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        from_record, to_record = await asyncio.open_unix_connection(self._to)
        answers = asyncio.create_task(_copy(from_record, writer))
        try:
            while chunk := await reader.read(CHUNK):
                if b"LISTEN" in chunk:
                    self._listening.add(writer)
                    if self._unavailable:
                        writer.transport.abort()
                        return
                to_record.write(chunk)
                await to_record.drain()
        except OSError:
            return
        finally:
            self._listening.discard(writer)
            answers.cancel()
            to_record.close()
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
    writer.close()


@asynccontextmanager
async def listening(database_url: str) -> AsyncIterator[Listening]:
    """Serve at a socket of its own, whose path is short enough for one."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        way = Listening(database_url, Path(folder))
        server = await asyncio.start_unix_server(way.pass_on, Path(folder) / SOCKET)
        try:
            yield way
        finally:
            server.close()
