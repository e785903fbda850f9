"""Posts CAP documents whose polygons cross each other as often as can be, unsigned or with a forged signature.

Bounded: `SENDERS` documents at a time. Each comes from another address of this machine, as from a botnet: one address
alone is slowed down by what fails.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from handlers.cap.writing import document_of
from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood
from tests.support.cap.messages import info, message, pin, signer
from tests.support.cap.shapes import combed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.world import Target, World

SENDERS: Final = 4
TEETH: Final = (10, 150, 249)
"""Of each comb: of ten the union is computed, more are refused; 249 is as many vertices as a message may have."""

ANSWERED_S: Final = 5.0
IDENTIFIER: Final = "COMBS-IDENTIFIER"
ADDRESSES: Final = 250


class CapGeometry(Flood):
    """Documents that are small to send and long to compute."""

    name = "CAP geometry"

    async def settings(self, world: World) -> dict[str, str]:
        """Pin the certificate that the forged documents name."""
        await pin(world.deployment)
        return {}

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Post until the event."""
        await run_clients(post, target.address, stop_event)


def documents() -> Iterator[bytes]:
    """Return documents without end, no two of them the same; every second one is signed, and was changed since."""
    messages = [message(IDENTIFIER, infos=(info("zh-CN", "寻找小明", combed(teeth)),)) for teeth in TEETH]
    templates = [make(one) for one in messages for make in (document_of, signer().signed)]
    for number, template in enumerate(itertools.cycle(templates)):
        yield template.replace(IDENTIFIER.encode(), f"COMBS-{number}-{random.getrandbits(32)}".encode())


async def post(host: str, port: int, is_over: Callable[[], bool]) -> None:
    """Post documents until it is over."""
    endless = documents()
    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(_post(host, port, endless, is_over))


async def _post(host: str, port: int, endless: Iterator[bytes], is_over: Callable[[], bool]) -> None:
    head = "POST /v1/intake/sz HTTP/1.1\r\nHost: x\r\nContent-Type: application/cap+xml\r\nConnection: close\r\n"
    while not is_over():
        body = next(endless)
        stranger = f"127.1.{random.randrange(ADDRESSES)}.{random.randrange(1, ADDRESSES)}"
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWERED_S):
                reader, writer = await asyncio.open_connection(host, port, local_addr=(stranger, 0))
                try:
                    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    await reader.read()
                finally:
                    writer.transport.abort()
