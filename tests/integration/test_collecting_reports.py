"""Reports that cannot be taken in yet: of another server's key, or of a page that the record does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest_asyncio

from public.objects import objects_of
from public.sightings.collecting import collector
from public.sightings.collecting.aside import Why
from public.sightings.intake.inbox import (
    PHOTO_REPORTS,
    PHOTOS,
    REPORTS,
    UNKNOWN_PAGES,
    UNREADABLE,
    Priority,
    kept_folder,
    original_path,
)
from public.sightings.photo_keeping import open_original
from tests.integration.test_claims import add_alert, add_authority
from tests.integration.test_tidying_inbox import DAY_S, make_old
from tests.support.pictures import jpeg
from tests.support.processes.processes import until
from tests.support.processes.seaweedfs import seaweedfs
from tests.support.public.inbox import NEW, OLD, TakingServer, folder_objects, send

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import pytest

    from public.objects import Objects
    from sql.database import Pool


@pytest_asyncio.fixture
async def alert(pool: Pool) -> UUID:
    """Provide an alert that is sent."""
    await add_authority(pool)
    return await add_alert(pool, "one", due_in_min=30, rings=(1,))


async def _paths(objects: Objects, folder: str) -> list[str]:
    listed = await objects.list(folder)
    assert isinstance(listed, list)
    return sorted(one.path for one in listed)


async def _taken_in(server: TakingServer, *ids: UUID) -> None:
    """Take in until these stand in the record."""

    async def are_there() -> bool:
        await server.take()
        return await server.taken() >= {*ids}

    await until(are_there)


async def test_what_another_server_has_the_key_of_waits_where_it_is_until_that_one_takes_it(
    pool: Pool, tmp_path: Path, alert: UUID
) -> None:
    """A server that was not given the new key yet moves nothing; what is sealed to its own key is taken in beside."""
    objects = folder_objects(tmp_path)
    older, newer = TakingServer(pool, objects, OLD), TakingServer(pool, objects, NEW, OLD)
    text = await send(objects, NEW, alert)
    photo = await send(objects, NEW, alert, photos=[jpeg()])
    original = jpeg(2)
    mixed = await send(objects, OLD, alert, photos=[original], photo_key=NEW)
    own = await send(objects, OLD, alert, what="sealed to the older key")

    async def are_left() -> bool:
        await older.take()
        waiting = await older.collector.look()
        assert isinstance(waiting, collector.Waiting)
        return (waiting.reports, waiting.oldest_at) == (3, None) and waiting.left_s is not None

    await until(are_left)
    await older.close()
    assert await older.taken() == {own.id}
    assert await _paths(objects, UNREADABLE) == []
    assert len(await _paths(objects, REPORTS)) == 1
    assert len(await _paths(objects, PHOTO_REPORTS)) == 2
    await _taken_in(newer, text.id, photo.id, mixed.id)
    kept = await newer.copies.open(alert, await newer.stored(original_path(alert, mixed.id, 1)))
    assert kept is not None
    assert open_original(newer.keys, kept) == original, "no piece of another key cuts a photo short"
    await newer.close()


async def test_what_nobody_took_in_is_put_aside_with_its_priority_and_taken_in_when_the_key_is_there(
    pool: Pool, tmp_path: Path, alert: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour later it is out of the way; its photo stays although it is old, and a start with the key takes all in."""
    objects = folder_objects(tmp_path)
    older = TakingServer(pool, objects, OLD)
    proved = await send(objects, NEW, alert, priority=Priority.PROVED)
    photo = await send(objects, NEW, alert, photos=[jpeg()], priority=Priority.FLOOD)
    monkeypatch.setattr(collector, "LEFT_S", -1.0)
    for _ in range(2):
        await older.take()
    assert [path.split("/")[2] for path in await _paths(objects, UNREADABLE)] == ["0", "2"]
    assert older.aside.counts[Why.UNREADABLE] == 2
    assert await _paths(objects, REPORTS) == await _paths(objects, PHOTO_REPORTS) == []
    make_old(tmp_path / "objects" / PHOTOS)
    await older.tidying.turn()
    assert len(await _paths(objects, PHOTOS)) > 1, "the report that names it is aside"
    assert len(await _paths(objects, UNREADABLE)) == 2, "the same keys open no more than before"
    newer = TakingServer(pool, objects, NEW, OLD)
    await newer.tidying.turn()
    assert [path.split("/")[2] for path in await _paths(objects, REPORTS)] == ["0"]
    assert [path.split("/")[2] for path in await _paths(objects, PHOTO_REPORTS)] == ["2"]
    await _taken_in(newer, proved.id, photo.id)
    assert await pool.fetchval("select readable from sighting_photo where sighting_id = $1", photo.id)
    assert newer.aside.counts.total() == 0
    await newer.close()
    await older.close()


async def test_reports_of_a_page_that_the_record_does_not_know_wait_until_it_does(
    pool: Pool, tmp_path: Path, alert: UUID
) -> None:
    """After an older record was restored: nothing of them is deleted, and all is taken in once the page is there."""
    objects, lost = folder_objects(tmp_path), uuid4()
    server = TakingServer(pool, objects, OLD)
    known = await send(objects, OLD, alert)
    text = await send(objects, OLD, lost, priority=Priority.PROVED)
    photo = await send(objects, OLD, lost, photos=[jpeg()])

    async def are_aside() -> bool:
        await server.take()
        return server.aside.counts[Why.UNKNOWN_PAGE] == 2

    await until(are_aside)
    assert await server.taken() == {known.id}
    assert [path.split("/")[2] for path in await _paths(objects, UNKNOWN_PAGES)] == ["0", "1"]
    make_old(tmp_path / "objects" / "inbox", 400 * DAY_S)
    await server.tidying.turn()
    assert len(await _paths(objects, UNKNOWN_PAGES)) == 2, "however long it takes"
    assert len(await _paths(objects, PHOTOS)) > 1
    await add_alert(pool, "two", due_in_min=30, rings=(1,), alert_id=lost)
    server = TakingServer(pool, objects, OLD)
    await server.tidying.turn()
    assert await _paths(objects, UNKNOWN_PAGES) == []
    await _taken_in(server, text.id, photo.id)
    assert await pool.fetchval("select readable from sighting_photo where sighting_id = $1", photo.id)

    async def is_empty() -> bool:
        return await _paths(objects, PHOTOS) == []

    await until(is_empty)
    await server.close()


async def test_waiting_photos_hold_up_no_words_that_came_after_them(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """However many reports with photos wait, a look takes in the words behind them."""
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    for number in range(collector.TAKEN_MAX[Priority.FIRST] + 50):
        await send(objects, OLD, alert, photos=[b"%d" % number])
    words = await send(objects, OLD, alert)
    assert await server.take() == 1
    assert words.id in await server.taken()
    await server.close()


async def test_photos_that_cannot_be_kept_let_others_go_first(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """More than are kept at once fail again and again: a later one is taken in all the same, and theirs wait."""
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    other = await add_alert(pool, "two", due_in_min=30, rings=(1,))
    in_the_way = tmp_path / "objects" / kept_folder(alert)
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_bytes(b"a file where the folder has to be")
    failing = {(await send(objects, OLD, alert, photos=[b"x"])).id for _ in range(collector.PHOTOS_AT_ONCE + 1)}
    later = await send(objects, OLD, other, photos=[b"x"])
    await _taken_in(server, later.id)
    assert await server.taken() == {later.id}
    in_the_way.unlink()
    await _taken_in(server, *failing)
    await server.close()


async def test_a_bucket_keeps_reports_aside_as_a_folder_does(pool: Pool, tmp_path: Path, alert: UUID) -> None:
    """A real S3 store: what is aside is listed, tried again and taken in, its photo with it."""
    async with seaweedfs(tmp_path) as settings:
        objects, lost = objects_of(settings, tmp_path), uuid4()
        server = TakingServer(pool, objects, OLD)
        known = await send(objects, OLD, alert)
        photo = await send(objects, OLD, lost, photos=[jpeg()])

        async def is_aside() -> bool:
            await server.take()
            return server.aside.counts[Why.UNKNOWN_PAGE] == 1

        await until(is_aside)
        await add_alert(pool, "two", due_in_min=30, rings=(1,), alert_id=lost)
        again = TakingServer(pool, objects, OLD)
        await again.tidying.turn()
        await _taken_in(again, known.id, photo.id)

        async def is_empty() -> bool:
            return await _paths(objects, PHOTOS) == await _paths(objects, PHOTO_REPORTS) == []

        await until(is_empty)
        await again.close()
        await server.close()
