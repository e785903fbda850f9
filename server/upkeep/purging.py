"""Tells caches of others that a page has changed, as a best effort.

What a takedown promises is how long they may keep a page, whether they hear of it or not.

Each hook is an address, with the method before it where that is not POST: `{url}` stands for each address of the page,
`{code}` for its code, which is the surrogate key of all of them. Bounded: `WAITING_MAX` pages wait, one is purged at a
time, `AT_ONCE` calls of it; `CALL_S` and `TRIES` a call.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog

from runtime.retry import full_jitter_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.settings import PublicSettings

WAITING_MAX: Final = 1_000
"""Older ones give way: by the time that they would be purged, caches have let go of them by themselves."""

AT_ONCE: Final = 4
CALL_S: Final = 5.0
TRIES: Final = 3
ANSWER_BYTES: Final = 1_024
METHODS: Final = ("POST", "PURGE", "DELETE", "GET")

_log = structlog.get_logger("server.purging")


class Purging:
    """Calls the hooks for pages that have changed, in the order of their changes."""

    def __init__(self, settings: PublicSettings) -> None:
        self._hooks = [_hook(one) for one in settings.purge]
        self._headers = settings.purge_headers
        self._site = settings.url or ""
        self._languages = settings.languages
        self._waiting: dict[str, None] = {}
        self._wake = asyncio.Event()

    def changed(self, code: str) -> None:
        """Note that a page has changed."""
        if not self._hooks:
            return
        self._waiting.pop(code, None)
        self._waiting[code] = None
        while len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._wake.set()

    async def run(self) -> None:
        """Call hooks until cancelled; returns at once where there are none."""
        if not self._hooks:
            return
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers, trust_env=False) as session:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    code = next(iter(self._waiting))
                    del self._waiting[code]
                    await self._purge(session, code)

    async def _purge(self, session: aiohttp.ClientSession, code: str) -> None:
        calls = dict.fromkeys(
            (method, address.replace("{url}", url).replace("{code}", code))
            for method, address in self._hooks
            for url in addresses_of(self._site, code, self._languages)
        )
        turns = asyncio.Semaphore(AT_ONCE)

        async def call(method: str, address: str) -> None:
            async with turns:
                await _call(session, method, address)

        await asyncio.gather(*(call(*one) for one in calls))


def addresses_of(site: str, code: str, languages: Sequence[str]) -> list[str]:
    """Return the addresses of a page that change with its alert."""
    page = f"{site}/p/{code}"
    return [page, f"{page}/state.json", *(f"{page}/{language}" for language in languages)]


async def _call(session: aiohttp.ClientSession, method: str, address: str) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            async with session.request(method, address, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES)
                if answer.ok:
                    return
                error = str(answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
            error = type(problem).__name__
        if attempt < TRIES:
            await asyncio.sleep(full_jitter_s(attempt))
    _log.warning("purging.failed", error=error, tries=TRIES)


def _hook(text: str) -> tuple[str, str]:
    method, _, address = text.rpartition(" ")
    return (method if method in METHODS else METHODS[0]), address
