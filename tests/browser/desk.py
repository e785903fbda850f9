"""A desk for a test: a server, people who are signed in at its console, and what their browsers complained about.

Bounded by the deployment; `close` closes every browser context, and says what no page may have done.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from server.administration import access
from server.settings import load

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

    from handlers.http.roles import Role
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

EXPECTED: Final = re.compile(
    r"^Failed to load resource: (the server responded with a status of (401|403|404|409|422|503)\b|net::ERR_)"
    r"|^WebSocket connection to .* failed: Error in connection establishment: net::ERR_"
    r"|^WebSocket connection to .* failed: WebSocket is closed before the connection is established"
    r"|^WebSocket connection to .* failed: Error during WebSocket handshake: Unexpected response code: 503$"
    r"|^The AudioContext was not allowed to start"
)
"""What a browser says of answers that a test asks for; a violation of the content policy is never among them."""


class Desk:
    """Signs people in, each in a browser context of their own."""

    def __init__(self, deployment: Deployment, server: Process, browser: Browser) -> None:
        self.deployment = deployment
        self.server = server
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def token(self, role: Role, name: str, authority: str | None = None) -> str:
        """Return a new token of a person."""
        settings = load(None, self.deployment.env())
        _, token = await access.create_token(settings, self.deployment.stores, role, name, authority=authority)
        return token

    async def page(
        self, locale: str = "en", *, javascript: bool = True, width: int = 1280, trusts_any: bool = False
    ) -> Page:
        """Return a page of a new browser that nobody is signed in with; `trusts_any`: certificate."""
        context = await self._browser.new_context(
            locale=locale,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 800},
            ignore_https_errors=trusts_any,
        )
        self._contexts.append(context)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{error}"))
        return page

    async def signed_in(
        self,
        role: Role,
        name: str,
        *,
        locale: str = "en",
        authority: str | None = None,
        javascript: bool = True,
        width: int = 1280,
    ) -> Page:
        """Return the overview of somebody who has just signed in."""
        page = await self.page(locale, javascript=javascript, width=width)
        await page.goto(f"{self.server.url}/console")
        await page.fill("#token", await self.token(role, name, authority))
        await page.click("main button.primary")
        await page.wait_for_selector("header .who")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type in {"error", "warning"} and EXPECTED.search(text) is None:
            self.complaints.append(text)

    async def close(self) -> None:
        """Close all browsers; AssertionError with what they complained about."""
        for context in self._contexts:
            await context.close()
        assert self.complaints == [], f"browsers complained: {self.complaints}"
