"""A proxy before a store, on TCP or a Unix socket, that can be slow, silent, cut, or refuse.

What is on its way while the proxy is silent is held, and forwarded afterwards, as TCP does after a partition.
Connections that are forgotten stay silent for ever, as those to a machine that is gone. Bounded: `HELD_CHUNKS` chunks
of `CHUNK_BYTES` in each direction of a connection; the sender waits for room.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHUNK_BYTES: Final = 65_536
HELD_CHUNKS: Final = 64


class Proxy:
    """Forwards connections to `target`, a path of a socket or (host, port); `on` is where it listens.

    `lock`: for those who disturb it, so that one of them ends before the next one begins.
    """

    def __init__(self, target: Path | tuple[str, int], on: Path | int = 0) -> None:
        self.target = target
        self._on = on
        self.latency_s = 0.0
        self.lock = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._passes = asyncio.Event()
        self._passes.set()
        self.connections: set[Connection] = set()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        assert isinstance(self._on, int)
        return self._on

    async def start(self) -> Self:
        """Listen; a free port is kept for later."""
        if not isinstance(self._on, int):
            self._server = await asyncio.start_unix_server(self._serve, self._on)
            return self
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._on)
        self._on = int(self._server.sockets[0].getsockname()[1])
        return self

    def silence(self) -> None:
        """Accept connections and forward nothing, until `heal`."""
        self._passes.clear()

    def forget(self) -> None:
        """Leave the connections that there are silent for ever; new ones are forwarded."""
        for connection in self.connections:
            connection.forgotten = True

    def cut(self) -> None:
        """Cut the connections that there are; new ones are forwarded."""
        for connection in [*self.connections]:
            connection.abort()

    def refuse(self) -> None:
        """Cut the connections that there are and refuse new ones, until `heal`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    async def heal(self) -> None:
        """Forward everything again, also what was held."""
        self.latency_s = 0.0
        self._passes.set()
        if self._server is None:
            await self.start()

    async def close(self) -> None:
        """End it with all its connections."""
        self.refuse()
        self._passes.set()
        while self.connections:
            await asyncio.sleep(0)

    def accepts(self, _: Connection, __: bytes, /) -> bool:
        """Tell whether a chunk from a client is forwarded; else its connection is cut."""
        return True

    def answers(self, _: Connection, __: bytes, /) -> bool:
        """Tell whether a chunk from the store is forwarded; else its connection is cut."""
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, writer)
        self.connections.add(connection)
        try:
            await self._passes.wait()
            await connection.run(reader)
        except OSError:
            pass
        finally:
            self.connections.discard(connection)
            connection.abort()

    async def passes(self, due_s: float) -> None:
        """Wait until something that is due then may go on."""
        left_s = due_s - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)
        await self._passes.wait()


class Connection:
    """One client and its connection to the store."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self._store: asyncio.StreamWriter | None = None
        self._ended = asyncio.Event()
        self.forgotten = False

    def abort(self) -> None:
        """Cut both sides."""
        self._ended.set()
        self._client.transport.abort()
        if self._store is not None:
            self._store.transport.abort()

    async def run(self, from_client: asyncio.StreamReader) -> None:
        """Forward both ways until either side ends."""
        target = self._proxy.target
        if isinstance(target, tuple):
            from_store, self._store = await asyncio.open_connection(*target)
        else:
            from_store, self._store = await asyncio.open_unix_connection(target)
        ways = [
            asyncio.create_task(self._forward(from_client, self._store, asks=True), name="to a store"),
            asyncio.create_task(self._forward(from_store, self._client), name="from a store"),
            asyncio.create_task(self._ended.wait(), name="a cut connection"),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool = False) -> None:
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(HELD_CHUNKS)
        reading = asyncio.create_task(self._read(reader, held, asks=asks), name="read")
        try:
            with suppress(OSError):
                while True:
                    due_s, chunk = await held.get()
                    await self._proxy.passes(due_s)
                    if self.forgotten:
                        continue
                    if not chunk:
                        return
                    writer.write(chunk)
                    await writer.drain()
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _read(
        self, reader: asyncio.StreamReader, held: asyncio.Queue[tuple[float, bytes]], *, asks: bool
    ) -> None:
        """Hold what is read, each chunk with the time when it is due; an empty one for the end."""
        chunk = b"start"
        while chunk:
            try:
                chunk = await reader.read(CHUNK_BYTES)
            except OSError:
                chunk = b""
            passes = self._proxy.accepts if asks else self._proxy.answers
            if chunk and not passes(self, chunk):
                chunk = b""
            if self.forgotten and asks and not chunk:
                # Whoever forgot it is gone; the client that ends is not.
                self._ended.set()
                return
            await held.put((asyncio.get_running_loop().time() + self._proxy.latency_s, chunk))


@asynccontextmanager
async def proxied(target: Path | tuple[str, int]) -> AsyncIterator[Proxy]:
    """Run a proxy on a free port."""
    proxy = await Proxy(target).start()
    try:
        yield proxy
    finally:
        await proxy.close()
