"""Readers without end of everything that is public: the feed, messages that there are and are not, the API's document.

Bounded: `READERS` at once.
"""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

READERS: Final = 40


class World(Protocol):
    """Where the server is, and which alerts it has published."""

    server_url: str
    alerts: Sequence[str]


class PublicFeed:
    """Reads as fast as answers come, and never takes a 304."""

    name = "public feed"

    async def run(self, world: World, stop: asyncio.Event) -> None:
        """Read until stopped."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=READERS)) as session:
            await asyncio.gather(*(self._read(session, world, stop) for _ in range(READERS)))

    async def _read(self, session: aiohttp.ClientSession, world: World, stop: asyncio.Event) -> None:
        for kind in cycle(("feed", "message", "unknown", "document")):
            if stop.is_set():
                return
            alert = world.alerts[-1] if kind == "message" and world.alerts else str(uuid4())
            paths = {"feed": "/v1/public/alerts.atom", "document": "/openapi.json"}
            path = paths.get(kind, f"/v1/public/alerts/{alert}/cap")
            try:
                async with session.get(f"{world.server_url}{path}") as response:
                    await response.read()
            except (aiohttp.ClientError, OSError):
                # Who is refused asks again.
                await asyncio.sleep(0)


FLOOD: Final = PublicFeed()
