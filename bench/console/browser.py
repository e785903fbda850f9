"""Chromium for a benchmark: somebody who is signed in, and how many bytes their pages cost.

Bounded: `WITHIN_MS` for what a page waits for.
"""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, CDPSession, Page

    from server.demo.world import World

WITHIN_MS: Final = 60_000
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
LIVE: Final = 'html[data-link="live"]'


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium; RuntimeError where there is none."""
    path = os.environ.get("CHROMIUM_OF_TESTS") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("this benchmark needs Chromium: apt-get install chromium, or CHROMIUM_OF_TESTS")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


class Bytes:
    """Counts what a page receives, compressed and with headers; frames of the feed are not counted."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self.received = 0

    async def begin(self) -> None:
        """Begin to count."""
        self._session.on("Network.loadingFinished", self._finished)
        await self._session.send("Network.enable")

    def _finished(self, event: dict[str, Any]) -> None:
        self.received += int(event["encodedDataLength"])

    def taken(self) -> int:
        """Return what was received since the last call."""
        received, self.received = self.received, 0
        return received


async def sign_in(context: BrowserContext, world: World) -> tuple[Page, Bytes]:
    """Sign in with the demo's token; returns the overview and what it received until it was live."""
    page = await context.new_page()
    counted = Bytes(await context.new_cdp_session(page))
    await counted.begin()
    await page.goto(f"{world.server_url}/console")
    await page.fill("#token", world.token)
    await page.click("main button.primary")
    await page.wait_for_selector(LIVE, timeout=WITHIN_MS)
    return page, counted
