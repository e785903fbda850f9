"""Counts what people do on pages: a page says so by a beacon, a few letters that are added to a counter.

Nothing of who sends it is kept: no address, no cookie, no identifier; so anybody can send any number of them, and the
counts say what browsers said. What is no beacon of a published page is dropped, and answered alike. Bounded:
`BEACON_BYTES` a request within `[limits] body_s`, the counters, `END_S` to store the last of them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web

from handlers.http.headers import SECURITY
from handlers.http.requests import read_bytes
from handlers.http.serving.connection import Connection
from handlers.public.serving.prepared import whole_answer
from public.funnel.counters import Counters
from public.funnel.words import BEACON_BYTES, read_beacon
from public.objects import Trouble
from runtime.page_codes import PATTERN, PageCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.public.serving.cache import ObjectCache
    from public.objects import Objects

END_S: Final = 3.0
HEADERS: Final = {"Cache-Control": "no-store"}
COUNTED: Final = whole_answer(204, SECURITY | HEADERS)
"""The answer to a beacon, as it goes over the wire."""


class Beacons:
    """`POST /b/CODE`."""

    def __init__(self, cache: ObjectCache, objects: Objects, within_s: float) -> None:
        """`within_s`: so long a body may keep us waiting."""
        self._within_s = within_s
        self._cache = cache
        self._objects = objects
        self._counters = Counters()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        yield web.post(f"/b/{{code:{PATTERN}}}", self._count)

    async def run(self) -> None:
        """Store what was counted every second, and once more at the end."""
        try:
            await self._counters.run(self._objects)
        finally:
            await self._end()

    def count_at_once(self, code: str, body: bytes) -> bool:
        """Count a beacon of a page whose state is in memory; False: it is not for here, and nothing was done."""
        if self._cache.fresh(f"published/p/{code}/state.json") is None:
            return False
        if (action := read_beacon(body)) is not None:
            self._counters.add(PageCode(code), action)
        return True

    async def _count(self, request: web.Request) -> web.Response:
        length = request.content_length
        if length is not None and length <= BEACON_BYTES:
            if isinstance(request.protocol, Connection):
                request.protocol.waits()
            body = await read_bytes(request, BEACON_BYTES, self._within_s)
            action = read_beacon(body) if isinstance(body, bytes) else None
            code = request.match_info["code"]
            if action is not None and await self._is_published(code):
                self._counters.add(PageCode(code), action)
        return web.Response(status=204, headers=HEADERS)

    async def _is_published(self, code: str) -> bool:
        path = f"published/p/{code}/state.json"
        return self._cache.fresh(path) is not None or not isinstance(await self._cache.get(path), Trouble)

    async def _end(self) -> None:
        """Store what was counted, also while this task is cancelled once more."""
        task = asyncio.create_task(self._counters.flush(self._objects), name="last counts")
        loop = asyncio.get_running_loop()
        until_s = loop.time() + END_S
        while not task.done() and loop.time() < until_s:
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=until_s - loop.time())
