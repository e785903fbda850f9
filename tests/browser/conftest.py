"""Fixtures of the tests that open pages in Chromium: a browser and a desk a test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

from tests.browser.chromium import ARGUMENTS, WITHIN_MS, chromium
from tests.browser.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from tests.support.processes.deployment import Deployment

CLOSE_S = 120.0

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="session")
def executable() -> str:
    """Return where Chromium is, installed if need be."""
    return chromium()


@pytest_asyncio.fixture
async def browser(executable: str) -> AsyncIterator[Browser]:
    """Run Chromium for a test, whose pages wait as long as a busy machine needs."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS])
        browser.on("context", lambda context: context.set_default_timeout(WITHIN_MS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def capped(deployment: Deployment, browser: Browser) -> AsyncIterator[Desk]:
    """Run a server that holds what reaches more than a few people."""
    await deployment.provider()
    await deployment.people(2_000)
    desk = Desk(deployment, await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="100"), browser)
    yield desk
    await asyncio.wait_for(desk.close(), CLOSE_S)


@pytest_asyncio.fixture
async def desk(deployment: Deployment, browser: Browser) -> AsyncIterator[Desk]:
    """Run a server with a simulated provider and people around Shenzhen, whose console is opened."""
    await deployment.provider()
    await deployment.people(2_000)
    desk = Desk(deployment, await deployment.server(), browser)
    yield desk
    await asyncio.wait_for(desk.close(), CLOSE_S)
