"""An inbox with servers that take it in, without their processes: one may have other keys than the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec

from public.objects import Trouble, objects_of
from public.photos.decoding import Decoder
from public.settings import PublicSettings
from public.sightings.collecting.aside import Aside
from public.sightings.collecting.collector import ReportCollector
from public.sightings.collecting.reading import ReportReader
from public.sightings.collecting.tidying import Tidying
from public.sightings.copies import Copies
from public.sightings.intake.inbox import PhotoSent, Sent, held_path, piece_path, report_path
from public.sightings.intake.inbox_sealing import InboxKeys, PublicSeal
from public.sightings.photo_keeping import PhotoKeeper
from public.sightings.sealing import Sealing
from tests.support.public.reports import report_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from uuid import UUID

    from public.objects import Objects
    from public.sightings.content import Report
    from sql.database import Pool

OLD: Final = b"the key that was there first"
NEW: Final = b"the key that comes"
PIECE: Final = 100_000


def folder_objects(folder: Path) -> Objects:
    """Return the objects of a folder."""
    return objects_of(PublicSettings(), folder)


class TakingServer:
    """What a server does about the inbox, with its keys: the first one seals."""

    def __init__(self, pool: Pool, objects: Objects, *keys: bytes, decoder: Decoder | None = None) -> None:
        self._pool = pool
        self._objects = objects
        self.keys = InboxKeys(keys)
        sealing = Sealing(keys)
        reader = ReportReader(objects, self.keys)
        self.aside = Aside(pool, objects, reader)
        keeper = PhotoKeeper(pool, objects, self.keys, sealing, decoder or Decoder())
        self.collector = ReportCollector(pool, objects, reader, sealing, keeper, self.aside)
        self.copies = Copies(pool, objects, sealing)
        self.tidying = Tidying(objects, self.aside)

    async def take(self) -> int:
        """Look and take in, as once a second; returns how many texts."""
        assert not isinstance(await self.collector.look(), Trouble)
        return await self.collector.collect()

    async def taken(self) -> set[UUID]:
        """Return the sightings in the record."""
        return {row[0] for row in await self._pool.fetch("select id from sighting")}

    async def stored(self, path: str) -> bytes:
        """Return an object, which is there."""
        content = await self._objects.get(path)
        assert isinstance(content, bytes)
        return content

    async def close(self) -> None:
        """End what it does."""
        await self.collector.close()


async def send(objects: Objects, key: bytes, alert: UUID, **more: Any) -> Report:  # noqa: ANN401 - fields of a report
    """Put a report into the inbox as serve-public does, sealed to a key; `photos`: of it, `priority`: 1."""
    photos: Sequence[bytes] = more.pop("photos", ())
    priority: int = more.pop("priority", 1)
    photo_key: bytes = more.pop("photo_key", key)
    seal = PublicSeal(InboxKeys([key]).public)
    report = report_of(str(alert), more.pop("what", "a boy"), **more)
    sent = [await upload(objects, photo_key, photo) for photo in photos]
    for one in sent:
        await objects.put(held_path(one.upload, str(report.id)), b"")
    content = seal.seal(msgspec.json.encode(Sent(report=report, photos=tuple(sent))))
    assert await objects.put(report_path(priority, report, with_photos=bool(sent)), content) is None
    return report


async def upload(objects: Objects, key: bytes, photo: bytes) -> PhotoSent:
    """Put a photo into the inbox in pieces."""
    seal, name = PublicSeal(InboxKeys([key]).public), uuid4().hex
    for start in range(0, len(photo), PIECE):
        piece = photo[start : start + PIECE]
        await objects.put(piece_path(name, start, start + len(piece)), seal.seal_piece(name, start, piece))
    return PhotoSent(upload=name, size_bytes=len(photo))
