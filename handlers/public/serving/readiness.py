"""Says whether this process can serve: that pages can be read, and that reports can be taken in (`GET /ready`).

Whoever balances the load asks. `GET /health` says that the process lives, and no more. Bounded: one look at the objects
at a time, at most one a `KEPT_S`, however many ask; who asks waits `LOOK_S`.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from aiohttp import web

from public.objects import Trouble
from public.sightings.intake.inbox_sealing import KEY_BYTES_MAX, KEY_PATH, read_key
from runtime.tasks import cancel_and_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from public.objects import Objects

KEPT_S: Final = 1.0
LOOK_S: Final = 3.0
INBOX: Final = "inbox"
State: TypeAlias = Literal["ok", "away"]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`reports` away: the inbox cannot be listed, no server has published a key, or the disk is not known yet."""

    status: Literal["ready", "stopping", "not ready"]
    pages: State
    reports: State


class Readiness:
    """`GET /ready`; `takes_reports`: what the process knows of keys and disk."""

    def __init__(self, objects: Objects, takes_reports: Callable[[], bool]) -> None:
        self._objects = objects
        self._takes_reports = takes_reports
        self._clock = asyncio.get_running_loop().time
        self._look: asyncio.Task[tuple[bool, bool]] | None = None
        self._looked_s = float("-inf")
        self.stopping = False

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the route."""
        yield web.get("/ready", self._get)

    async def run(self) -> None:
        """End the last look when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await cancel_and_wait([] if self._look is None else [self._look])

    async def _get(self, _: web.Request) -> web.Response:
        pages, inbox = await self._answers()
        reports = inbox and self._takes_reports()
        is_ready = pages and reports and not self.stopping
        content = Ready(
            status="stopping" if self.stopping else "ready" if is_ready else "not ready",
            pages="ok" if pages else "away",
            reports="ok" if reports else "away",
        )
        return web.Response(
            body=msgspec.json.encode(content),
            status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        )

    async def _answers(self) -> tuple[bool, bool]:
        """Return whether a published object and the inbox can be read; a look that lasts longer says no."""
        if self._look is None or (self._look.done() and self._clock() - self._looked_s > KEPT_S):
            self._looked_s = self._clock()
            self._look = asyncio.create_task(self._look_once(), name="ready")
        await asyncio.wait({self._look}, timeout=LOOK_S)
        return self._look.result() if self._look.done() else (False, False)

    async def _look_once(self) -> tuple[bool, bool]:
        """Look at one published object, and at the inbox; without a key pages are served all the same."""
        published = await self._objects.get(KEY_PATH, KEY_BYTES_MAX)
        if isinstance(published, Trouble):
            return published is Trouble.MISSING, False
        listed = await self._objects.list(INBOX, 1)
        return True, read_key(published) is not None and not isinstance(listed, Trouble)
