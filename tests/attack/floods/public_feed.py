"""Readers without end of everything that is public: the feed, messages that there are and are not, the API's document.

Bounded: `READERS` at once.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import aiohttp

from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood
from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.world import Target, World

READERS: Final = 40
ANSWERED_S: Final = 10.0
FEED: Final = "/v1/public/alerts.atom"
MESSAGE: Final = "/v1/public/alerts/{}/cap"
ENTRY: Final = re.compile(rb"urn:uuid:([0-9a-f-]{36})")
CERTIFICATE_DAYS: Final = 36_500
"""Longer than any attack."""


class PublicFeed(Flood):
    """Reads as fast as answers come, and never takes a 304."""

    name = "public feed"

    async def settings(self, world: World) -> dict[str, str]:
        """Let the server publish what it sends."""
        return public_settings(world.deployment.folder, keys(days=CERTIFICATE_DAYS))

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:
        """Read until the event."""
        await run_clients(read, target.address, stop_event)


async def read(host: str, port: int, is_over: Callable[[], bool]) -> None:
    """Read until it is over."""
    timeout = aiohttp.ClientTimeout(total=ANSWERED_S)
    async with aiohttp.ClientSession(
        f"http://{host}:{port}", connector=aiohttp.TCPConnector(limit=READERS), timeout=timeout
    ) as session:
        await asyncio.gather(*(_read(session, is_over) for _ in range(READERS)))


async def _read(session: aiohttp.ClientSession, is_over: Callable[[], bool]) -> None:
    """Read all kinds in turn; the message is the newest of the feed."""
    newest = ""
    for kind in cycle(("feed", "message", "unknown", "document")):
        if is_over():
            return
        paths = {"feed": FEED, "message": MESSAGE.format(newest or uuid4()), "document": "/openapi.json"}
        # Who is refused asks again.
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with session.get(paths.get(kind, MESSAGE.format(uuid4()))) as response:
                body = await response.read()
            if kind == "feed" and (entry := ENTRY.search(body)):
                newest = entry[1].decode()
