"""Strangers who say that they send a body, and do not: each holds a connection of its own until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence

AT_ONCE = 64
"""So many connect at once: the backlog of a listener is short."""


class SlowBodies:
    """The connections, with the statuses of those that were answered."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def begin(
        self, address: tuple[str, int], request: str, clients: Sequence[str], context: ssl.SSLContext | None
    ) -> None:
        """Send one head for each client, whom a trusted proxy names, and nothing after it."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(client: str) -> None:
            async with places:
                reader, writer = await asyncio.open_connection(*address, ssl=context)
                writer.write(request.replace("CLIENT", client).encode())
                await writer.drain()
            self._writers.append(writer)
            self._tasks.append(asyncio.create_task(self._note(reader), name="a slow body"))

        await asyncio.gather(*(one(client) for client in clients))

    async def _note(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.statuses[int((await reader.readuntil(b"\r\n"))[9:12])] += 1

    async def close(self) -> None:
        """End them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def slow_bodies(
    address: tuple[str, int],
    path: str,
    length: int,
    clients: Sequence[str],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[SlowBodies]:
    """Begin a body of a length for each client, and send none of it; `context`: over TLS."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: alerts.example",
        "X-Forwarded-For: CLIENT",
        "Content-Type: multipart/form-data; boundary=slow",
        f"Content-Length: {length}",
    ]
    bodies = SlowBodies()
    try:
        await bodies.begin(address, "\r\n".join([*lines, "", ""]), clients, context)
        yield bodies
    finally:
        await bodies.close()
