"""A web server of others that has pictures, and one that must never be asked: each counts who came.

Bounded by the test.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable


class Site:
    """Answers by path with raw bytes; `asked` has the paths, `connections` how many there were."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.connections = 0
        self.port = 0
        self.before: Callable[[str], Awaitable[None]] | None = None

    def gives(self, path: str, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        """Have a path answered."""
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        self.answers[path] = head.encode() + body

    def redirects(self, path: str, location: str) -> None:
        """Have a path redirected; `location` goes out as it is."""
        self.gives(path, b"", "302 Found", f"Location: {location}\r\n")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.connections += 1
        try:
            line = (await reader.readuntil(b"\r\n")).split(b" ")
            path = line[1].decode() if len(line) > 1 else ""
            self.asked.append(path)
            if self.before is not None:
                await self.before(path)
            writer.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def site_at(host: str, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Run a site at an address of this machine."""
    site = Site()
    server = await asyncio.start_server(site.answer, host, port, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
