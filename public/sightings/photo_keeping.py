"""Keeps the photos of a report: the original as it came, sealed, for the police; a copy made here for operators.

A photo of which no copy can be made is kept all the same. Bounded: one photo in memory at a time of each of
`PHOTOS_AT_ONCE` reports; decoding by `public.photos.decoding`.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import sql.sightings
from public.objects import Trouble
from public.photos.picture import Pictures
from public.sightings.adding import KeptPhoto, add
from public.sightings.intake.inbox import (
    PIECES_MAX,
    contiguous_bytes,
    copy_path,
    disk_bytes,
    kept_folder,
    original_path,
    pieces_of,
    upload_folder,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from public.objects import Objects
    from public.photos.decoding import Decoder
    from public.sightings.intake.inbox import PhotoSent, Sent
    from public.sightings.intake.inbox_sealing import InboxKeys
    from public.sightings.sealing import Sealing
    from sql.database import Pool
    from sql.sightings import SightedAlert

AT_ONCE: Final = 3
ZONE: Final = ZoneInfo("Asia/Shanghai")
_LENGTH: Final = struct.Struct(">I")


class Assembled(NamedTuple):
    """A photo: its bytes, and its sealed pieces as they are kept."""

    content: bytes
    sealed: bytes


class PhotoKeeper:
    """Keeps photos with their reports."""

    def __init__(self, pool: Pool, objects: Objects, keys: InboxKeys, sealing: Sealing, decoder: Decoder) -> None:
        self._pool = pool
        self._objects = objects
        self._keys = keys
        self._sealing = sealing
        self._decoder = decoder
        self._places = asyncio.Semaphore(AT_ONCE)

    async def keep(self, sent: Sent) -> bool:
        """Keep the photos of a report, then take it in; False where that is to be tried again."""
        report = sent.report
        async with self._places:
            async with self._pool.acquire() as connection, connection.transaction():
                alert = await sql.sightings.alert_of(connection, report.code)
            if alert is None:
                return True
            if alert.deleted:
                return await self._remove(alert.id, report.id)
            kept: list[KeptPhoto] = []
            for number, photo in enumerate(sent.photos, start=1):
                one = await self._keep_one(alert, report.id, number, photo)
                if isinstance(one, Trouble):
                    return False
                if one is not None:
                    kept.append(one)
            async with self._pool.acquire() as connection, connection.transaction():
                still = await sql.sightings.alert_of(connection, report.code)
                deleted = still is None or still.deleted
                if still is not None and not deleted:
                    await add(connection, self._sealing, report, still, kept)
            return await self._remove(alert.id, report.id) if deleted else True

    async def _remove(self, alert: UUID, sighting: UUID) -> bool:
        """Remove what was kept of a report whose alert's data was deleted meanwhile; tells whether that is done."""
        return await self._objects.delete_below(f"{kept_folder(alert)}/{sighting}") is None

    async def _keep_one(
        self, alert: SightedAlert, sighting: UUID, number: int, photo: PhotoSent
    ) -> KeptPhoto | Trouble | None:
        """Keep one photo; None where it is not there any more."""
        whole = await self._assembled(photo.upload)
        if whole is None or isinstance(whole, Trouble):
            return whole
        sealing = self._sealing.of(alert.id, alert.salt)
        original = await asyncio.to_thread(sealing.seal, whole.sealed)
        trouble = await self._objects.put(original_path(alert.id, sighting, number), original)
        if trouble is not None:
            return trouble
        size_bytes = disk_bytes(len(original))
        made = await self._decoder.decode(whole.content)
        if not isinstance(made, Pictures):
            return KeptPhoto(number=number, size_bytes=size_bytes)
        copy = sealing.seal(made.large.jpeg)
        trouble = await self._objects.put(copy_path(alert.id, sighting, number), copy)
        if trouble is not None:
            return trouble
        return KeptPhoto(
            number=number,
            size_bytes=size_bytes + disk_bytes(len(copy)),
            readable=True,
            hash=made.difference_hash,
            taken_at=aware(made.taken_at),
            longitude=made.longitude,
            latitude=made.latitude,
            width=made.large.width,
            height=made.large.height,
        )

    async def _assembled(self, upload: str) -> Assembled | Trouble | None:
        listed = await self._objects.list(upload_folder(upload), PIECES_MAX + 1)
        if isinstance(listed, Trouble):
            return listed
        pieces = pieces_of(one.path for one in listed)
        content, sealed = bytearray(), bytearray()
        for piece in pieces:
            if piece.start != len(content):
                break
            read = await self._objects.get(piece.path)
            if isinstance(read, Trouble):
                return None if read is Trouble.MISSING else read
            opened = self._keys.open_piece(upload, piece.start, read)
            if opened is None:
                break
            content += opened
            sealed += _LENGTH.pack(len(read)) + read
        return Assembled(bytes(content), upload.encode() + bytes(sealed)) if contiguous_bytes(pieces) else None


def aware(at: datetime | None) -> datetime | None:
    """Return when a camera says that it was; one that names no zone is meant in that of `ZONE`."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=ZONE)


def open_original(keys: InboxKeys, kept: bytes) -> bytes | None:
    """Return a photo as it came, from how it is kept under the key of its alert; None where no key opens it."""
    upload, at = kept[:32].decode(errors="replace"), 32
    content = bytearray()
    while at < len(kept):
        if len(kept) < at + _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(kept, at)
        at += _LENGTH.size
        opened = keys.open_piece(upload, len(content), kept[at : at + length])
        if opened is None:
            return None
        content += opened
        at += length
    return bytes(content)
