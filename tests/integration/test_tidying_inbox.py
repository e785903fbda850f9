"""Photos in the inbox that no report names go, by the clock of the store, while reports wait; all others stay."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from public.objects import Listed, Objects, Trouble
from public.sightings.collecting import tidying
from public.sightings.intake.inbox import PHOTOS, held_path, upload_folder
from tests.support.public.inbox import OLD, TakingServer, folder_objects, send, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sql.database import Pool

DAY_S = 86_400.0


class ObjectsElsewhere(Objects):
    """A store whose clock is an hour and a half behind that of this machine."""

    BEHIND = timedelta(hours=1.5)

    async def head(self, path: str) -> Listed | Trouble:
        """Return what is known of an object, by that clock."""
        known = await super().head(path)
        return known if isinstance(known, Trouble) else self._dated(known)

    async def scan(self, folder: str, each: Callable[[Listed], None], at_most: int) -> int | Trouble:
        """Hand objects over, dated by that clock."""
        return await super().scan(folder, lambda one: each(self._dated(one)), at_most)

    def _dated(self, one: Listed) -> Listed:
        return msgspec.structs.replace(one, changed_at=one.changed_at - self.BEHIND)


def make_old(folder: Path, age_s: float = DAY_S) -> None:
    """Have the store say of all objects in a folder that they are so old."""
    at_s = time.time() - age_s
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (at_s, at_s))


async def _uploads(objects: Objects) -> set[str]:
    listed = await objects.list(PHOTOS)
    assert isinstance(listed, list)
    return {one.path.split("/")[2] for one in listed}


async def test_old_photos_that_no_report_names_go_while_reports_wait(pool: Pool, tmp_path: Path) -> None:
    """A flood that stands in the inbox keeps only its own photos, and those of a report that came in are not needed."""
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    begun, taken_in = await upload(objects, OLD, b"begun"), await upload(objects, OLD, b"taken in")
    await objects.put(held_path(taken_in.upload, str(uuid4())), b"")
    await send(objects, OLD, uuid4(), photos=[b"waits"])
    await send(objects, OLD, uuid4())
    [waits] = await _uploads(objects) - {begun.upload, taken_in.upload}
    make_old(tmp_path / "objects" / PHOTOS)
    young = await upload(objects, OLD, b"just begun")
    await server.tidying.turn()
    assert await _uploads(objects) == {waits, young.upload}
    await server.close()


async def test_the_clock_of_the_store_alone_says_how_old_a_photo_is(pool: Pool, tmp_path: Path) -> None:
    """A server whose clock is ahead of the store's removes no photo that is on its way."""
    objects = folder_objects(tmp_path)
    elsewhere = ObjectsElsewhere(objects._store, objects._folder)  # noqa: SLF001 - the same folder with another clock
    server = TakingServer(pool, elsewhere, OLD)
    young, old = await upload(objects, OLD, b"on its way"), await upload(objects, OLD, b"left")
    make_old(tmp_path / "objects" / upload_folder(old.upload))
    await server.tidying.turn()
    assert await _uploads(objects) == {young.upload}
    await server.close()


async def test_a_turn_removes_so_many_photos_and_no_more(pool: Pool, tmp_path: Path) -> None:
    """Whatever there is to remove, the next turn goes on with it; one that is gone on with meanwhile stays."""
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    for _ in range(tidying.FOLDERS_A_TURN + 5):
        await upload(objects, OLD, b"left")
    make_old(tmp_path / "objects" / PHOTOS)
    await server.tidying.turn()
    left = await _uploads(objects)
    assert len(left) == 5
    gone_on = left.pop()
    await objects.put(held_path(gone_on, str(uuid4())), b"")
    await server.tidying.turn()
    assert await _uploads(objects) == {gone_on}
    await server.close()
