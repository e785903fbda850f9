"""Signs a person in at the console without a browser, by a token. Bounded by aiohttp's own time-out of a request."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Listening


@contextlib.asynccontextmanager
async def console_session(server: Listening, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Provide a session that has sent the sign-in, whatever was answered; what it posts comes from the console."""
    # Cookies of an address without a name are not kept by default.
    jar, headers = aiohttp.CookieJar(unsafe=True), {"Origin": server.url}
    async with aiohttp.ClientSession(server.url, cookie_jar=jar, headers=headers) as session:
        async with session.post("/console/sign-in", data={"token": token}):
            pass
        yield session
