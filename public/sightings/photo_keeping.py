"""Keeps the photos of a report: the original as it came, sealed, for the police; a copy made here for operators.

A photo of which no copy can be made is kept all the same; one of another size than its report says is not: another
process is deleting its pieces, which has kept it. Bounded: one photo in memory at a time of each of `AT_ONCE` reports;
decoding by `public.photos.decoding`.
"""

from __future__ import annotations

import asyncio
import enum
import struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import structlog

import sql.sightings
from public.objects import Trouble
from public.photos.picture import Pictures
from public.sightings.adding import KeptPhoto, add
from public.sightings.intake.inbox import (
    UPLOAD_LISTED_MAX,
    copy_path,
    disk_bytes,
    kept_folder,
    original_path,
    pieces_of,
    upload_folder,
)
from public.sightings.intake.inbox_sealing import Unopened

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
ZONE: Final = "Asia/Shanghai"
"""Of an alert that names none."""

_LENGTH: Final = struct.Struct(">I")
_log = structlog.get_logger("public.sightings")


class NotKept(enum.Enum):
    """Why a report with photos was not taken in."""

    AGAIN = "a store did not answer"
    UNKNOWN_PAGE = "the record does not know its page"
    OTHER_KEY = "a photo is sealed to a key that is not here"


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

    async def keep(self, sent: Sent) -> NotKept | None:
        """Keep the photos of a report, then take it in; None when that is done, or its alert's data is deleted."""
        report = sent.report
        async with self._places:
            async with self._pool.acquire() as connection, connection.transaction():
                alert = await sql.sightings.alert_of(connection, report.code)
                zone = None if alert is None else await sql.sightings.zone_of(connection, alert.id)
            if alert is None:
                return NotKept.UNKNOWN_PAGE
            if alert.deleted:
                return await self._remove(alert.id, report.id)
            kept: list[KeptPhoto] = []
            for number, photo in enumerate(sent.photos, start=1):
                one = await self._keep_one(alert, report.id, number, photo, ZoneInfo(zone or ZONE))
                if isinstance(one, NotKept):
                    return one
                if one is not None:
                    kept.append(one)
            async with self._pool.acquire() as connection, connection.transaction():
                still = await sql.sightings.alert_of(connection, report.code)
                if still is not None and not still.deleted:
                    await add(connection, self._sealing, report, still, kept)
                    return None
            return NotKept.UNKNOWN_PAGE if still is None else await self._remove(alert.id, report.id)

    async def _remove(self, alert: UUID, sighting: UUID) -> NotKept | None:
        """Remove what was kept of a report whose alert's data was deleted meanwhile."""
        trouble = await self._objects.delete_below(f"{kept_folder(alert)}/{sighting}")
        return None if trouble is None else NotKept.AGAIN

    async def _keep_one(
        self, alert: SightedAlert, sighting: UUID, number: int, photo: PhotoSent, zone: ZoneInfo
    ) -> KeptPhoto | NotKept | None:
        """Keep one photo; None where it is not there any more, or not whole."""
        whole = await self._assembled(photo)
        if whole is None or isinstance(whole, NotKept):
            return whole
        sealing = self._sealing.of(alert.id, alert.salt)
        original = await asyncio.to_thread(sealing.seal, whole.sealed)
        if await self._objects.put(original_path(alert.id, sighting, number), original) is not None:
            return NotKept.AGAIN
        size_bytes = disk_bytes(len(original))
        made = await self._decoder.decode(whole.content)
        if not isinstance(made, Pictures):
            return KeptPhoto(number=number, size_bytes=size_bytes)
        copy = sealing.seal(made.large.jpeg)
        if await self._objects.put(copy_path(alert.id, sighting, number), copy) is not None:
            return NotKept.AGAIN
        return KeptPhoto(
            number=number,
            size_bytes=size_bytes + disk_bytes(len(copy)),
            readable=True,
            hash=made.difference_hash,
            taken_at=aware(made.taken_at, zone),
            longitude=made.longitude,
            latitude=made.latitude,
            width=made.large.width,
            height=made.large.height,
        )

    async def _assembled(self, photo: PhotoSent) -> Assembled | NotKept | None:
        """Return a photo out of its pieces; None where they are not as many bytes as its report says."""
        listed = await self._objects.list(upload_folder(photo.upload), UPLOAD_LISTED_MAX)
        if isinstance(listed, Trouble):
            return NotKept.AGAIN
        content, sealed = bytearray(), bytearray(photo.upload.encode())
        for piece in pieces_of(one.path for one in listed):
            if piece.start != len(content) or len(content) >= photo.size_bytes:
                break
            read = await self._objects.get(piece.path)
            if read is Trouble.UNAVAILABLE:
                return NotKept.AGAIN
            opened = (
                Unopened.BROKEN if isinstance(read, Trouble) else self._keys.open_piece(photo.upload, piece.start, read)
            )
            if opened is Unopened.OTHER_KEY:
                return NotKept.OTHER_KEY
            if isinstance(opened, Unopened) or isinstance(read, Trouble):
                break
            content += opened
            sealed += _LENGTH.pack(len(read)) + read
        if len(content) != photo.size_bytes:
            _log.warning("sightings.photo_not_whole", stored_bytes=len(content), sent_bytes=photo.size_bytes)
            return None
        return Assembled(bytes(content), bytes(sealed))


def aware(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return when a camera says that it was; one that names no zone is meant in that of the alert."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=zone)


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
        if isinstance(opened, Unopened):
            return None
        content += opened
        at += length
    return bytes(content)
