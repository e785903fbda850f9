"""What the inbox takes of the disk, and its keys, as serve-public knows them: also while it is counted for long."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from handlers.public.serving.sightings.limits import disk
from handlers.public.serving.sightings.limits.admission import Admission, Full
from public.objects import Objects, Trouble
from public.settings import SightingSettings
from public.sightings.collecting.key_publishing import KeyPublisher
from public.sightings.intake.inbox import disk_bytes
from public.sightings.intake.inbox_sealing import KEY_PATH, InboxKeys, PublishedKey, read_key
from tests.support.processes.processes import until
from tests.support.public.inbox import NEW, OLD, folder_objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import pytest

    from public.objects import Listed
    from sql.database import Pool

SETTINGS = SightingSettings(disk_mb=10)
BLOCK = "192.0.2.0/24"


class LongList(Objects):
    """A folder whose listing goes on until it is let through."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects._store, objects._folder)  # noqa: SLF001 - the same folder
        self.begun, self.ends = asyncio.Event(), asyncio.Event()

    async def scan(self, folder: str, each: Callable[[Listed], None], at_most: int) -> int | Trouble:
        """Hand objects over, and say that these are all when that is let through."""
        found = await super().scan(folder, each, at_most)
        self.begun.set()
        await self.ends.wait()
        return found


@contextlib.asynccontextmanager
async def _running(objects: Objects) -> AsyncIterator[Admission]:
    admission = Admission(objects, SETTINGS)
    task = asyncio.create_task(admission.run())
    try:
        yield admission
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _publish(objects: Objects, key: bytes) -> bytes:
    public = InboxKeys([key]).public
    assert await objects.put(KEY_PATH, msgspec.json.encode(PublishedKey(key=public))) is None
    return public


async def test_a_start_goes_by_the_last_count_while_a_large_inbox_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is refused for that long, nothing that came meanwhile is lost from the count, and the key stays new."""
    objects = folder_objects(tmp_path)
    await _publish(objects, OLD)
    await objects.put("inbox/photos/0/filler", bytes(1_000_000))
    before = disk.Disk(objects, 10_000_000)
    await before.count()
    monkeypatch.setattr(disk, "FIRST_S", 0.01)
    monkeypatch.setattr("handlers.public.serving.sightings.limits.admission.LOOK_S", 0.01)
    slow = LongList(objects)
    async with _running(slow) as admission:

        async def takes() -> bool:
            return admission.refused(BLOCK, "2222222222") is None

        await until(takes)
        assert admission.disk.used == before.used
        public = await _publish(objects, NEW)
        sealed: list[bytes] = []

        async def seals_to_the_new_key() -> bool:
            assert admission.keys is not None
            sealed[:] = [admission.keys.seal.seal(b"x")]
            return InboxKeys([NEW]).open(sealed[0]) == b"x"

        await until(seals_to_the_new_key)
        assert public
        await slow.begun.wait()
        admission.disk.added(500_000)
        slow.ends.set()

        async def is_counted() -> bool:
            return admission.disk.used is not None and admission.disk.used > disk_bytes(1_000_000) + 500_000

        await until(is_counted)


async def test_without_a_count_nothing_is_taken_in(tmp_path: Path) -> None:
    """Nobody knows whether the disk is full: that is said as what is away."""
    objects = folder_objects(tmp_path)
    await _publish(objects, OLD)
    slow = LongList(objects)
    async with _running(slow) as admission:
        await slow.begun.wait()
        assert admission.refused(BLOCK, "2222222222") is Full.AWAY


async def test_more_objects_than_are_counted_are_as_much_as_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of the smallest objects fills the quota as well: what was not counted is not free."""
    objects = folder_objects(tmp_path)
    await _publish(objects, OLD)
    monkeypatch.setattr(disk, "COUNTED_MAX", 5)
    for number in range(6):
        await objects.put(f"inbox/reports/2/{number}", b"x")
    async with _running(objects) as admission:

        async def is_full() -> bool:
            return admission.refused(BLOCK, "2222222222") is Full.DISK

        await until(is_full)


async def test_a_server_publishes_its_key_over_that_of_one_that_ended(pool: Pool, tmp_path: Path) -> None:
    """A server with a newer key that is gone leaves no key published that nobody can open."""
    objects = folder_objects(tmp_path)
    older, newer = (KeyPublisher(pool, objects, InboxKeys(keys)) for keys in ([OLD], [NEW, OLD]))
    await older.publish()
    await newer.publish()
    for publisher, key in ((newer, NEW), (older, OLD)):
        await publisher.publish()
        content = await objects.get(KEY_PATH)
        assert isinstance(content, bytes)
        assert read_key(content) == PublishedKey(key=InboxKeys([key]).public)
