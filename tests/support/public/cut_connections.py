"""A way to a server that loses its connections when so many bytes were sent through it, as a phone in a tunnel does.

Bounded: `CHUNK_BYTES` at a time; `close` ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK_BYTES: Final = 64 * 1024


class CutConnections:
    """Passes connections on; cuts all that are open after each number of bytes in `at`, counted together."""

    def __init__(self, host: str, port: int, at: Sequence[int]) -> None:
        self._target = (host, port)
        self._at = list(at)
        self._sent = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.url = ""
        self.cuts = 0

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """End all connections."""
        if self._server is not None:
            self._server.close()
        self._cut()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            other, onward = await asyncio.open_connection(*self._target)
            self._open |= {writer, onward}
            await asyncio.gather(self._pump(reader, onward, counted=True), self._pump(other, writer, counted=False))
            self._open -= {writer, onward}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(CHUNK_BYTES):
                writer.write(some)
                await writer.drain()
                self._sent += len(some) if counted else 0
                if self._at and self._sent >= self._at[0]:
                    del self._at[0]
                    self.cuts += 1
                    self._cut()
        writer.close()

    def _cut(self) -> None:
        for one in self._open:
            one.transport.abort()
        self._open.clear()
