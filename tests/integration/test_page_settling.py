"""What an attempt at a page had begun to write never stays over what came after it, and no page stays by accident."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

import sql.publishing
from public.publishing.attempt import HELD, SETTLED
from tests.integration.test_claims import add_alert, add_authority
from tests.support.processes.processes import until
from tests.support.processes.public_site import public_env
from tests.support.public.page_world import page_world, says_missing
from tests.support.public.slow_objects import nothing

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment


@pytest.mark.parametrize("found", ["while it is made again", "after it was made again"])
async def test_a_late_put_never_stays_over_a_takedown(deployment: Deployment, tmp_path: Path, found: str) -> None:
    """The first attempt's documents are written after the alert was found: the page is over in the end.

    The alert ends while or after a second attempt succeeds; the takedown itself does not make it forgotten.
    """
    async with page_world(deployment, tmp_path) as world:
        world.objects.is_late = says_missing
        assert await world.publisher.publish_one() is False
        world.objects.is_late = nothing
        await world.left()
        if found == "while it is made again":
            world.objects.lists_wait = True
            working = asyncio.create_task(world.publisher.publish_one())
            await world.objects.waiting.wait()
            await world.found()
            world.objects.lists_wait = False
            world.objects.go_on.set()
            assert await working
        else:
            assert await world.is_made()
            assert await world.shown() == "missing"
            await world.found()
        assert await world.is_made()
        assert await world.shown() == "over"
        await world.objects.land()
        assert await world.publisher.publish_one() is None, "nothing was changed in the record"
        await world.settle()
        assert await world.is_made()
        assert await world.shown() == "over"
        assert await deployment.query("select 1 from page where settle_at is null")
        assert await world.publisher.publish_one() is None


async def test_an_attempt_that_began_before_all_was_written_leaves_it_to_the_next(
    deployment: Deployment, tmp_path: Path
) -> None:
    """A publisher was killed: the one after it makes the page at once, and once more when all is written."""
    async with page_world(deployment, tmp_path) as world:
        world.objects.waits = says_missing
        await world.killed()
        world.objects.waits = nothing
        assert await world.is_made()
        assert await world.shown() == "missing"
        assert await world.publisher.publish_one() is None
        await world.settle()
        assert await world.is_made()
        assert await world.publisher.publish_one() is None


async def test_a_page_that_nobody_was_notified_of_does_not_stay(deployment: Deployment, tmp_path: Path) -> None:
    """It was put, its publisher was killed before it said so, and the alert was withdrawn before anybody got it."""
    async with page_world(deployment, tmp_path, is_begun=False) as world:
        world.objects.lists_wait = True
        await world.killed()
        world.objects.lists_wait = False
        assert await world.shown() == "missing"
        await deployment.query("update alert set state = 'cancelled', ended_at = now()")
        assert await world.is_made()
        assert await world.shown() == "over"


async def test_a_late_put_of_a_page_that_nobody_was_notified_of_does_not_stay(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Nothing is there when the alert is withdrawn; what is written after that is taken away all the same."""
    async with page_world(deployment, tmp_path, is_begun=False) as world:
        world.objects.is_late = lambda path, _: path.startswith("published/p/")
        assert await world.publisher.publish_one() is False
        world.objects.is_late = nothing
        await deployment.query("update alert set state = 'cancelled', ended_at = now()")
        await world.left()
        assert await world.is_made()
        assert await world.shown() == "nothing"
        await world.objects.land()
        assert await world.objects.list("published/p")
        await world.settle()
        assert await world.is_made()
        assert await world.shown() == "over"


async def test_nothing_of_a_page_that_is_over_is_left_of_puts_that_were_killed(
    deployment: Deployment, tmp_path: Path
) -> None:
    """No list has such files: they go when the page says that the alert is over."""
    async with page_world(deployment, tmp_path) as world:
        assert await world.is_made()
        folder = tmp_path / "objects/published/p" / world.codes[0]
        for name in ("index.zh-CN.html#1", "poster.en.0123456789abcdef.pdf#3"):
            (folder / name).write_bytes(b"half of it")
        for number in range(450):
            (folder / f"photo.{number}.jpg").write_bytes(b"of before")
        await world.found()
        assert await world.is_made()
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["index.en.html", "index.zh-CN.html", "state.json"]


async def test_a_server_removes_what_puts_that_were_killed_left(deployment: Deployment) -> None:
    """Also of reports, and of photos that are kept; what may still be written stays."""
    folder = deployment.folder / "objects"
    old = [folder / "inbox/photos" / ("0" * 32) / "0000000000-0000000100#1", folder / "inbox/reports/0/1#1"]
    young = folder / "kept/photos/1/1-0.640.jpg#1"
    for path in (*old, young):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"sealed")
    for path in old:
        os.utime(path, (0, path.stat().st_mtime - 1_000))
    await deployment.server(**public_env(deployment))

    async def is_gone() -> bool:
        return not any(path.exists() for path in old)

    await until(is_gone)
    assert young.exists()


async def test_a_page_that_is_made_while_its_filer_is_revoked_is_given_up(pool: Pool) -> None:
    """Whoever holds it hears that it says who is missing no more, as whoever claims it next does."""
    await add_authority(pool)
    alert = await add_alert(pool, "number 1", due_in_min=30, rings=(1,))
    await pool.execute("update alert set state = 'sending', expires = now() + interval '1 day' where id = $1", alert)
    claimed = await sql.publishing.claim(pool, HELD, SETTLED, goes=False)
    assert claimed is not None
    held = await sql.publishing.hold(pool, claimed, HELD)
    assert held is not None
    assert held.lives
    await pool.execute("update alert set state = 'paused', distrusted_at = now() where id = $1", alert)
    held = await sql.publishing.hold(pool, msgspec.structs.replace(claimed, held_until=held.held_until), HELD)
    assert held is not None
    assert not held.lives
