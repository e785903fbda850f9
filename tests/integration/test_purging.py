"""Hooks that tell caches of others that a page has changed: called for each address, and of no weight for a page."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from public.settings import PublicSettings
from runtime.page_codes import code_of
from runtime.tasks import cancel_and_wait
from server.upkeep.purging import TRIES, WAITING_MAX, Purging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CODE = "23456789ab"


class Cache:
    """A cache of somebody else's that notes what it is told."""

    def __init__(self, statuses: list[int]) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self._statuses = statuses
        self.answers = asyncio.Event()
        self.answers.set()
        self.changed = asyncio.Event()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Note a call."""
        self.calls.append((request.method, request.path, request.headers.get("Fastly-Key", "")))
        self.changed.set()
        await self.answers.wait()
        return web.Response(status=self._statuses.pop(0) if self._statuses else 200)

    async def until(self, number: int) -> None:
        """Wait for so many calls."""
        async with asyncio.timeout(60):
            while len(self.calls) < number:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def _cache(*statuses: int) -> AsyncIterator[tuple[Cache, str]]:
    cache = Cache(list(statuses))
    server = web.ServerRunner(web.Server(cache.answer))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    try:
        yield cache, f"http://127.0.0.1:{server.addresses[0][1]}"
    finally:
        await server.cleanup()


@asynccontextmanager
async def _purging(*hooks: str, url: str = "https://alerts.example") -> AsyncIterator[Purging]:
    purging = Purging(PublicSettings(url=url, purge=list(hooks), purge_headers={"Fastly-Key": "secret"}))
    task = asyncio.create_task(purging.run())
    try:
        yield purging
    finally:
        await cancel_and_wait([task])


async def test_each_hook_is_called_for_a_page_that_changed() -> None:
    """A surrogate key once, an address for each address of the page, with the headers, by the method that is named."""
    async with _cache() as (cache, url):
        async with _purging(f"{url}/service/1/purge/{{code}}") as purging:
            purging.changed(CODE)
            await cache.until(1)
        assert cache.calls == [("POST", f"/service/1/purge/{CODE}", "secret")]
        cache.calls.clear()
        async with _purging("PURGE {url}", url=url) as purging:
            purging.changed(CODE)
            await cache.until(4)
        paths = {f"/p/{CODE}", f"/p/{CODE}/state.json", f"/p/{CODE}/zh-CN", f"/p/{CODE}/en"}
        assert {*cache.calls} == {("PURGE", path, "secret") for path in paths}


async def test_a_cache_that_refuses_is_asked_again_a_few_times_and_then_left() -> None:
    """What it is told next is told all the same; the log has no header and no address."""
    with capture_logs() as logs:
        async with _cache(*[503] * TRIES) as (cache, url), _purging(f"{url}/purge/{{code}}") as purging:
            purging.changed(CODE)
            await cache.until(TRIES)
            purging.changed("zzzzzzzzzz")
            await cache.until(TRIES + 1)
    assert cache.calls[-1][1] == "/purge/zzzzzzzzzz"
    assert logs == [{"event": "purging.failed", "log_level": "warning", "error": "503", "tries": TRIES}]


async def test_pages_that_wait_are_bounded_and_no_page_waits_for_a_hook() -> None:
    """While a cache does not answer, whoever changes pages goes on; of too many the oldest give way, unpurged."""
    codes = [code_of(UUID(int=number)) for number in range(WAITING_MAX + 10)]
    async with _cache() as (cache, url), _purging(f"{url}/{{code}}") as purging:
        cache.answers.clear()
        purging.changed(codes[0])
        await cache.until(1)
        for code in codes[1:]:
            purging.changed(code)
        assert list(purging._waiting) == codes[10:]  # noqa: SLF001 - the bound itself
        cache.answers.set()
        await cache.until(2)
    assert [path for _, path, _ in cache.calls[:2]] == [f"/{codes[0]}", f"/{codes[10]}"]


@pytest.mark.parametrize("hook", ["ftp://x/{code}", "PATCH https://x", "https://x y", ""])
def test_a_hook_that_is_no_address_is_refused(hook: str) -> None:
    """The settings name it before anything starts."""
    with pytest.raises(msgspec.ValidationError, match="purge"):
        msgspec.convert({"purge": [hook]}, PublicSettings)
