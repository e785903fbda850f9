"""Holds more connections than the server may open: silent ones, half a head, and heads that come a byte at a time.

Bounded: `SOCKETS` connections, each opened again `PAUSE_S` after the server closed it.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.world import Target

SOCKETS: Final = 400
PAUSE_S: Final = 0.5
BYTE_EVERY_S: Final = 0.5
HEAD: Final = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "
BEGUN: Final = (b"", HEAD, None)
"""What is sent at once; None: the head byte by byte."""


class Idle(Flood):
    """Connections on which nothing is asked."""

    name = "idle connections"

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Hold connections until the event."""
        await run_clients(hold, target.address, stop_event)


async def hold(host: str, port: int, is_over: Callable[[], bool]) -> None:
    """Hold connections until it is over."""
    holding = [asyncio.create_task(_hold(host, port, BEGUN[number % len(BEGUN)])) for number in range(SOCKETS)]
    while not is_over():
        await asyncio.sleep(PAUSE_S / 5)
    for one in holding:
        one.cancel()
    await asyncio.wait(holding)


async def _hold(host: str, port: int, begun: bytes | None) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                if begun is None:
                    await _trickle(reader, writer)
                else:
                    writer.write(begun)
                    await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(PAUSE_S)


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head a byte at a time, until the server closes the connection."""
    closed = asyncio.ensure_future(reader.read())
    try:
        for byte in itertools.chain(HEAD, itertools.repeat(0x61)):
            if closed.done():
                return
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.wait({closed}, timeout=BYTE_EVERY_S)
    finally:
        closed.cancel()
        await asyncio.wait({closed})
