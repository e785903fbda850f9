"""What the inbox takes of the disk: counted as the disk does, also while and although it is listed badly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from handlers.public.serving.sightings.limits.admission import RETURNED_MAX, Admission, Full
from handlers.public.serving.sightings.limits.disk import Disk
from public.objects import LISTED_AT_ONCE, objects_of
from public.settings import PublicSettings, SightingSettings
from public.sightings.intake.inbox import BLOCK_BYTES, new_upload, piece_path
from public.sightings.intake.inbox_sealing import KEY_PATH, InboxKeys, PublishedKey
from tests.support.public.listing_store import listing_store

if TYPE_CHECKING:
    from pathlib import Path

UPLOADS = 300
KB = 1_000
DISK_UNIT_BYTES = 512
"""The unit of `st_blocks`, by POSIX."""

QUOTA = 20_000 * 1_000_000


async def test_an_upload_counts_with_its_folder(tmp_path: Path) -> None:
    """A photo of one byte takes a block, and its folder another one; the same whether it is listed or just stored."""
    objects = objects_of(PublicSettings(), tmp_path)
    listed, stored = Disk(objects, QUOTA), Disk(objects, QUOTA)
    for disk in (listed, listed, stored):
        await disk.count()
    empty = listed.used
    assert empty is not None
    for _ in range(UPLOADS):
        await objects.put(piece_path(new_upload(b"key", "code"), 0, 1), b"x")
        stored.added(1, with_folder=True)
    await listed.count()
    assert listed.used == stored.used == empty + UPLOADS * 2 * BLOCK_BYTES
    uploads = tmp_path / "objects" / "inbox" / "photos"
    assert await asyncio.to_thread(_on_disk, uploads) <= UPLOADS * 2 * BLOCK_BYTES, "no less than the disk says"


def _on_disk(folder: Path) -> int:
    """Return what is in a folder takes of the disk, other folders in it included."""
    return sum(path.lstat().st_blocks * DISK_UNIT_BYTES for path in folder.rglob("*"))


async def test_a_look_that_fails_on_its_way_counts_what_it_saw_and_lets_words_in(tmp_path: Path) -> None:
    """Photos wait until a look came to its end; then all is counted."""
    async with listing_store() as (store, settings):
        published = PublishedKey(key=InboxKeys([b"key"]).public)
        store.objects[KEY_PATH] = msgspec.json.encode(published)
        first = {f"inbox/reports/2/{number:04d}": 1 for number in range(LISTED_AT_ONCE)}
        store.pages = [first, {"inbox/reports/2/b": 50 * BLOCK_BYTES}]

        async def away() -> int:
            return 403

        store.second = away
        seen = (LISTED_AT_ONCE + 1) * BLOCK_BYTES
        admission = Admission(objects_of(settings, tmp_path), SightingSettings())
        assert admission.refused("block", "code") is Full.AWAY
        await admission.look()
        await admission.disk.count()
        assert admission.refused("block", "code") is None
        assert admission.refused_photo("block", KB) is Full.AWAY
        assert admission.disk.used == seen

        async def back() -> int:
            return 200

        store.second = back
        await admission.look()
        await admission.disk.count()
        assert admission.refused_photo("block", KB) is None
        assert admission.disk.used == seen + 50 * BLOCK_BYTES
        store.second = away
        await admission.look()
        await admission.disk.count()
        assert admission.disk.used == seen + 50 * BLOCK_BYTES, "what was known is not forgotten"


async def test_what_is_stored_while_the_inbox_is_listed_is_not_forgotten(tmp_path: Path) -> None:
    """The list may have begun before it; until the next one it counts."""
    async with listing_store() as (store, settings):
        store.pages = [{"inbox/reports/2/a": BLOCK_BYTES}, {}]
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def when_told() -> int:
            asked.set()
            await go_on.wait()
            return 200

        store.second = when_told
        disk = Disk(objects_of(settings, tmp_path), QUOTA)
        look = asyncio.create_task(disk.count(), name="a look")
        await asked.wait()
        disk.added(3 * BLOCK_BYTES, with_folder=False)
        go_on.set()
        await look
        assert disk.used == 5 * BLOCK_BYTES


async def test_only_some_of_what_a_block_is_refused_is_read(tmp_path: Path) -> None:
    """So that words come back, and a flood of refused reports is refused unread."""
    admission = Admission(objects_of(PublicSettings(), tmp_path), SightingSettings())
    assert [admission.may_return("flood") for _ in range(RETURNED_MAX + 1)] == [True] * RETURNED_MAX + [False]
    assert admission.may_return("elsewhere")
