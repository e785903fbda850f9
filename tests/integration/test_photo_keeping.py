"""Photos of reports on their way into what is kept: whole or not at all, and dated as the alert's place is."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from public.photos.decoding import Decoder
from public.photos.picture import PictureFault
from public.sightings.intake.inbox import PHOTOS, original_path
from public.sightings.photo_keeping import open_original
from tests.integration.test_claims import add_alert, add_authority
from tests.support.pictures import jpeg
from tests.support.processes.processes import until
from tests.support.public.inbox import OLD, PIECE, TakingServer, folder_objects, send

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from public.photos.picture import Pictures
    from sql.database import Pool

CLOSED_S = 60.0
"""Only a close that never ends takes so long."""


async def _take_in(server: TakingServer, report: UUID) -> None:
    async def is_there() -> bool:
        await server.take()
        return report in await server.taken()

    await until(is_there)


async def test_a_camera_that_names_no_zone_is_meant_in_that_of_the_alert(pool: Pool, tmp_path: Path) -> None:
    """10:11:12 in Kathmandu is 04:26:12 UTC; an alert whose content names no zone is in Shanghai."""
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    await add_authority(pool)
    here = await add_alert(pool, "one", due_in_min=30, rings=(1,))
    there = await add_alert(pool, "two", due_in_min=30, rings=(1,))
    await pool.execute('update alert set content = content || \'{"time_zone": "Asia/Kathmandu"}\' where id = $1', there)
    taken = []
    for alert in (here, there):
        report = await send(objects, OLD, alert, photos=[jpeg()])
        await _take_in(server, report.id)
        taken += [await pool.fetchval("select taken_at from sighting_photo where sighting_id = $1", report.id)]
    assert taken == [datetime(2026, 11, 28, 2, 11, 12, tzinfo=UTC), datetime(2026, 11, 28, 4, 26, 12, tzinfo=UTC)]
    await server.close()


async def test_a_photo_whose_pieces_are_being_deleted_changes_nothing_of_what_is_kept(
    pool: Pool, tmp_path: Path
) -> None:
    """A process that comes late finds a part of the pieces: the original that the first one kept stays whole."""
    objects = folder_objects(tmp_path)
    first, late = TakingServer(pool, objects, OLD), TakingServer(pool, objects, OLD)
    await add_authority(pool)
    alert = await add_alert(pool, "one", due_in_min=30, rings=(1,))
    photo = jpeg() + bytes(2 * PIECE)
    report = await send(objects, OLD, alert, photos=[photo])
    folder = tmp_path / "objects" / PHOTOS
    [upload] = folder.iterdir()
    pieces = {path.name: path.read_bytes() for path in upload.iterdir()}
    [inbox] = [path for path in (tmp_path / "objects" / "inbox" / "photo-reports").rglob("*") if path.is_file()]
    sent = inbox.read_bytes()
    await _take_in(first, report.id)

    async def is_deleted() -> bool:
        return not inbox.exists() and not upload.exists()

    await until(is_deleted)
    # It has listed what is deleted only now, but for the first piece.
    upload.mkdir(parents=True)
    (upload / min(pieces)).write_bytes(pieces[min(pieces)])
    inbox.parent.mkdir(parents=True, exist_ok=True)
    inbox.write_bytes(sent)

    async def is_done() -> bool:
        await late.take()
        return not inbox.exists()

    await until(is_done)
    kept = await late.copies.open(alert, await late.stored(original_path(alert, report.id, 1)))
    assert kept is not None
    assert open_original(late.keys, kept) == photo
    assert len(await pool.fetch("select 1 from sighting_photo")) == 1
    await first.close()
    await late.close()


class Deaf(Decoder):
    """Does not end, and hides the first cancellation, as drivers of stores do."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def decode(self, data: bytes) -> Pictures | PictureFault:  # noqa: ARG002 - as that of all
        """Return nothing ever."""
        self.begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()
        return PictureFault.TOOK_TOO_LONG


async def test_a_server_ends_although_a_photo_hides_that_it_is_cancelled(pool: Pool, tmp_path: Path) -> None:
    """What is being kept is cancelled until it ends, and is done again after the next start."""
    objects, deaf = folder_objects(tmp_path), Deaf()
    await add_authority(pool)
    report = await send(objects, OLD, await add_alert(pool, "one", due_in_min=30, rings=(1,)), photos=[jpeg()])
    server = TakingServer(pool, objects, OLD, decoder=deaf)
    await server.take()
    await deaf.begun.wait()
    await asyncio.wait_for(server.close(), CLOSED_S)
    again = TakingServer(pool, objects, OLD)
    await _take_in(again, report.id)
    await again.close()
