"""A page that cannot be made of what the record has is tried again, and keeps no other page and no publisher."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest

from runtime.tasks import cancel_and_wait
from tests.support.processes.processes import until
from tests.support.public.page_world import page_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.public.page_world import PageWorld

CONTENT: Final = "update alert set content = jsonb_set(content::jsonb, '{{time_zone}}', '\"{zone}\"') where id = $1"
CASE: Final = """update child_case set content = jsonb_set(content::jsonb, '{{last_seen,at}}', '"{at}"')
    where id = (select case_id from alert where id = $1)"""
UNMADE: Final = {
    "zone": CONTENT.format(zone="Mars/Phobos"),
    "no zone": CONTENT.format(zone=""),
    "zone elsewhere": CONTENT.format(zone="../../etc/passwd"),
    "first year": CASE.format(at="0001-01-01T00:00:00+08:00"),
    "last year": CASE.format(at="9999-12-31T23:59:59-08:00"),
}
MADE: Final = {
    "estimate in words": """update alert set estimate = '{"people": "many"}' where id = $1""",
    "huge estimate": """update alert set estimate = '{"people": 1e30}' where id = $1""",
    "negative estimate": """update alert set estimate = '{"people": -1e30}' where id = $1""",
    "late": "update alert set expires = '9999-12-31 23:59:59+00' where id = $1",
    "never": "update alert set expires = 'infinity' where id = $1",
}
WANTED: Final = "update page set wanted = wanted + 1"


async def _made(world: PageWorld, number: int) -> bool:
    query = "select wanted = made and attempts = 0 from page where alert_id = $1"
    return bool((await world.deployment.query(query, UUID(world.alerts[number])))[0][0])


async def _tried(world: PageWorld, number: int, times: int) -> bool:
    query = "select attempts from page where alert_id = $1"
    return int((await world.deployment.query(query, UUID(world.alerts[number])))[0][0]) >= times


@pytest.mark.parametrize("name", UNMADE)
async def test_a_page_that_cannot_be_made_keeps_no_other(deployment: Deployment, tmp_path: Path, name: str) -> None:
    """It is tried again and again, the other one is made, the publisher runs on, and it is taken down in the end."""
    async with page_world(deployment, tmp_path, count=2) as world:
        while await world.publisher.publish_one():
            pass
        await deployment.query(UNMADE[name], UUID(world.alerts[0]))
        await deployment.query(WANTED)
        running = asyncio.create_task(world.another().run())
        try:
            await until(partial(_made, world, 1))
            await until(partial(_tried, world, 0, 3))
            await world.found(0)
            await until(partial(world.shows, 0, "over"))
            assert not running.done()
        finally:
            await cancel_and_wait([running])


@pytest.mark.parametrize("name", MADE)
async def test_what_a_page_does_not_say_keeps_it_from_nothing(
    deployment: Deployment, tmp_path: Path, name: str
) -> None:
    """An estimate that is no number, and an expiry at the end of time: the page is made."""
    async with page_world(deployment, tmp_path) as world:
        await deployment.query(MADE[name], UUID(world.alerts[0]))
        await deployment.query(WANTED)
        assert await world.is_made()
        assert await world.shown() == "missing"
