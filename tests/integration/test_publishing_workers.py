"""A takedown waits behind nothing: no slow page, none that cannot be made, and not its own while that is made."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from public.publishing.site import Assets
from runtime.tasks import cancel_and_wait
from tests.support.processes.processes import until
from tests.support.public.page_world import page_world, says_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from public.pages.rendering import PageSource
    from public.publishing.publisher import Publisher
    from tests.support.processes.deployment import Deployment

BROKEN = """update child_case set content = '{"child": 1}'
    where id in (select case_id from alert where id = any($1::uuid[]))"""
OLDER = "update page set changed_at = changed_at - interval '1 hour' where alert_id = any($1)"
ATTEMPTS = "select attempts from page where alert_id = $1"


@asynccontextmanager
async def _running(publisher: Publisher) -> AsyncIterator[None]:
    working = asyncio.create_task(publisher.run(), name="publisher")
    try:
        yield
    finally:
        await cancel_and_wait([working])


async def test_a_takedown_does_not_wait_behind_a_slow_page(deployment: Deployment, tmp_path: Path) -> None:
    """The store keeps a page that lives as long as the test takes; another alert is over meanwhile, and shown so."""
    async with page_world(deployment, tmp_path, count=2) as world:
        while await world.publisher.publish_one():
            pass
        world.objects.waits = says_missing
        await deployment.query("update page set wanted = wanted + 1 where alert_id = $1", UUID(world.alerts[0]))
        async with _running(world.another()):
            await world.objects.waiting.wait()
            await world.found(1)
            await until(partial(world.shows, 1, "over"))
            [(attempts,)] = await deployment.query(ATTEMPTS, UUID(world.alerts[0]))
            assert attempts == 1, "the slow one was not given up for it"


async def test_a_page_whose_alert_ends_while_it_is_made_is_taken_down_at_once(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The store keeps its documents; nobody waits for them: it is over, and made so once more when they came."""
    async with page_world(deployment, tmp_path) as world:
        world.objects.waits = says_missing
        async with _running(world.another()):
            await world.objects.waiting.wait()
            await world.found()

            async def is_over() -> bool:
                return bool(await deployment.query("select 1 from page where settle_at > now() and over"))

            await until(is_over)
            assert await world.shown() == "over"


async def test_documents_of_a_wish_that_is_old_are_not_published(deployment: Deployment, tmp_path: Path) -> None:
    """The alert ends while its posters are set: nothing that says who is missing is put afterwards."""
    async with page_world(deployment, tmp_path) as world:
        seen: list[str] = []

        def note(path: str, _: bytes) -> bool:
            seen.append(path.rpartition("/")[2])
            return False

        async def end_meanwhile(_: UUID, __: PageSource) -> Assets:
            await world.found()
            return Assets()

        world.objects.waits = note
        assert await world.another(assets=end_meanwhile).publish_one() is False
        assert not {"state.json", "index.en.html", "index.zh-CN.html"} & set(seen)
        assert await world.is_made()
        assert await world.shown() == "over"


async def test_the_lag_is_measured_while_a_page_is_slow(deployment: Deployment, tmp_path: Path) -> None:
    """The alarm `page_behind` can stand while something is being made, and not only after it."""
    async with page_world(deployment, tmp_path) as world:
        lags: list[float] = []
        world.objects.waits = says_missing
        async with _running(world.another(lag=lags.append)):
            await world.objects.waiting.wait()
            before = len(lags)

            async def is_heard() -> bool:
                return len(lags) >= before + 2 and lags[-1] > lags[-2] > 0

            await until(is_heard)
            assert not world.objects.go_on.is_set()


async def test_pages_that_cannot_be_made_keep_no_other_one(deployment: Deployment, tmp_path: Path) -> None:
    """Two that fail wait for longer than a third one: it is made in the same turn, and before they are tried again."""
    async with page_world(deployment, tmp_path, count=3) as world:
        failing = [UUID(one) for one in world.alerts[:2]]
        await deployment.query(BROKEN, failing)
        await deployment.query(
            "update page set changed_at = changed_at - interval '1 hour' where alert_id = any($1)", failing
        )
        await world.publisher.publish_all(goes=False)
        assert await world.shown(2) == "missing"
        assert [(await deployment.query(ATTEMPTS, one))[0][0] >= 1 for one in failing] == [True, True]

        await world.left()
        await deployment.query("update page set wanted = wanted + 1 where alert_id = $1", UUID(world.alerts[2]))
        assert await world.is_made(), "what never failed comes before what did"
