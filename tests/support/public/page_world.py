"""Alerts with pages that a publisher of the test makes, over real stores: no server publishes them meanwhile.

A page that is held stays held, and what was begun settles later, until the test says so, however busy the machine is.
Bounded by the test.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

from public.publishing.publisher import Publisher
from runtime.page_codes import code_of
from sql.database import connect, open_pool
from tests.support.public.pages import AROUND
from tests.support.public.slow_objects import SlowObjects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

LAPSED: Final = "update page set held_until = now() - interval '1 second' where held_until is not null"
SETTLED: Final = "update page set settle_at = now() where settle_at > now() + interval '5 seconds' returning 1"

LONG: Final = timedelta(minutes=10)
"""Longer than any test."""


class PageWorld:
    """Alerts whose people may have been notified; `publisher` makes their pages when the test says so."""

    def __init__(self, deployment: Deployment, pool: Pool, objects: SlowObjects, alerts: list[str]) -> None:
        self.deployment = deployment
        self.pool = pool
        self.objects = objects
        self.alerts = alerts
        self.codes = [code_of(UUID(alert)) for alert in alerts]
        self.publisher = self.another()

    def another(self, **more: Any) -> Publisher:  # noqa: ANN401 - as the publisher takes them
        """Return another publisher of the same pages."""
        return Publisher(self.pool, partial(connect, self.deployment.database_url), self.objects, AROUND, **more)

    async def shown(self, number: int = 0) -> str:
        """Return what a page says: missing, over, or nothing."""
        page = await self.objects.get(f"published/p/{self.codes[number]}/index.en.html")
        state = await self.objects.get(f"published/p/{self.codes[number]}/state.json")
        if not isinstance(page, bytes) or not isinstance(state, bytes):
            return "nothing"
        return "over" if b"<dl>" not in page and state == b'{"state":"over"}' else "missing"

    async def shows(self, number: int, what: str) -> bool:
        """Tell whether a page says that."""
        return await self.shown(number) == what

    async def is_made(self) -> bool:
        """Make a page, and tell whether one was made."""
        return await self.publisher.publish_one() is True

    async def found(self, number: int = 0) -> None:
        """Have a child be found."""
        await self.deployment.query(FOUND, UUID(self.alerts[number]))

    async def left(self) -> None:
        """Let publishers hold nothing any more, as five seconds after they were killed."""
        await self.deployment.query(LAPSED)

    async def killed(self) -> None:
        """Kill a publisher that waits for its objects."""
        working = asyncio.create_task(self.publisher.publish_one())
        await self.objects.waiting.wait()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await self.left()

    async def settle(self) -> None:
        """Let the time come by which all is written: it is in the record, and in the future."""
        assert await self.deployment.query(SETTLED)


@asynccontextmanager
async def page_world(
    deployment: Deployment, folder: Path, *, is_begun: bool = True, count: int = 1
) -> AsyncIterator[PageWorld]:
    """File so many cases, end the server, and leave their pages to the test."""
    await deployment.provider()
    await deployment.people(50)
    server = await deployment.server()
    if not is_begun:
        await deployment.query("update authority set review = 'approve'")
    alerts = []
    for number in range(count):
        _, answer = await deployment.file(server, case_number=f"SZ-{number}")
        alerts.append(answer["alert"]["id"])
        if is_begun:
            await deployment.sent(server, alerts[-1])
    await deployment.close()
    if not is_begun:
        await deployment.query("update alert set state = 'sending'")
    pool = await open_pool(deployment.database_url)
    with pytest.MonkeyPatch.context() as patched:
        for module in ("attempt", "publisher"):
            for name in ("HELD", "SETTLED"):
                patched.setattr(f"public.publishing.{module}.{name}", LONG)
        try:
            yield PageWorld(deployment, pool, SlowObjects(folder / "objects"), alerts)
        finally:
            await pool.close()


FOUND: Final = "update alert set state = 'found', ended_at = now() where id = $1"


def says_missing(path: str, content: bytes) -> bool:
    """Tell whether a put is a page that says who is missing."""
    return path.endswith(".html") and b"<dl>" in content
