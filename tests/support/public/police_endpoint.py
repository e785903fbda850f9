"""An endpoint of the police: keeps each request as it came, and answers as it is told to.

Bounded by the test that opens it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


class Told(NamedTuple):
    """A request: its headers in small letters, and its body."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body, decoded."""
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class PoliceEndpoint:
    """A web server of the police; `most_open`: so many requests waited for their answers at once."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.status = 204
        self.answers = asyncio.Event()
        self.answers.set()
        self.url = ""
        self.most_open = 0
        self._open = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        app = web.Application()
        app.router.add_post("/events", self._take)
        app.router.add_get("/elsewhere", self._elsewhere)
        # Who waits for an answer no longer has no request open.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/events"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.told.append(Told(headers, await request.read()))
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        try:
            await self.answers.wait()
        finally:
            self._open -= 1
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    async def _elsewhere(self, _: web.Request) -> web.Response:
        raise AssertionError("a redirection was followed")
