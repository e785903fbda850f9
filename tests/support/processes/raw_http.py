"""Send bytes to a server as they are, and read what is answered. Bounded by the server, which closes the connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.processes.processes import Process


async def opened(
    server: Process, sent: bytes, source: str = "127.0.0.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection from a loopback address, and send."""
    reader, writer = await asyncio.open_connection(*server.address, local_addr=(source, 0))
    writer.write(sent)
    return reader, writer


async def answer_to(server: Process, sent: bytes, source: str = "127.0.0.1") -> bytes:
    """Return what is answered until the server closes the connection."""
    reader, writer = await opened(server, sent, source)
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
