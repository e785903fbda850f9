"""Lets reports and photos in, or says why not: what is needed to take them, what a block sent, what the disk holds.

Bounded: the counts and the disk, by their own bounds; `LOOK_S` between two looks at the key.
"""

from __future__ import annotations

import asyncio
import enum
import os
from typing import TYPE_CHECKING, Final

from handlers.public.serving.sightings.limits.counts import Counts
from handlers.public.serving.sightings.limits.disk import MB, PHOTOS_SHARE, UNPROVED_SHARE, Disk
from public.objects import Trouble
from public.sightings.intake.inbox_sealing import KEY_BYTES_MAX, KEY_PATH, PublicSeal, read_key
from public.sightings.intake.receipts import KEY_BYTES
from public.sightings.intake.receipts import KEY_PATH as RECEIPT_PATH

if TYPE_CHECKING:
    from public.objects import Objects
    from public.settings import SightingSettings

LOOK_S: Final = 5.0
"""Beside the count of the disk, however long that takes: a new key is sealed to within seconds."""

FIRST_LOOK_S: Final = 0.5
"""Until there is a key."""

UPLOADS_A_REPORT: Final = 6
"""Three photos, each begun twice."""

FEW: Final = 3
"""So many reports of a block an hour come before those of a flood."""

RETURNED_MAX: Final = 100
"""So many reports of a block an hour are read although they are refused, so that nobody loses what they typed."""


class Full(enum.Enum):
    """Why a report is not taken in."""

    BLOCK = "block"
    BUSY = "busy"
    DISK = "disk"
    AWAY = "away"


class Keys:
    """What is needed to take a report in: the public key, and the key of receipts."""

    def __init__(self, seal: PublicSeal, receipts: bytes) -> None:
        self.seal = seal
        self.receipts = receipts


class Admission:
    """Lets reports in."""

    def __init__(self, objects: Objects, settings: SightingSettings) -> None:
        self._objects = objects
        self._block_per_h = settings.block_per_h
        self._reports, self._uploads, self._returned = Counts(), Counts(), Counts()
        self.disk = Disk(objects, int(settings.disk_mb * MB))
        self.keys: Keys | None = None

    async def run(self) -> None:
        """Look at the keys and at the disk again and again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.disk.run(), name="disk of reports")
            group.create_task(self._look_again(), name="keys of reports")

    async def _look_again(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(FIRST_LOOK_S if self.keys is None else LOOK_S)

    async def look(self) -> None:
        """Look at the keys once; what cannot be read stays as it was."""
        published = await self._objects.get(KEY_PATH, KEY_BYTES_MAX)
        known = None if isinstance(published, Trouble) else read_key(published)
        receipts = await self._receipt_key()
        if known is not None and receipts is not None:
            self.disk.kept_bytes = known.kept_bytes
            self.keys = Keys(PublicSeal(known.key), receipts)

    def refused(self, block: str, code: str) -> Full | None:
        """Return why nothing of a block is taken in for a page now; None where it is."""
        if self.keys is None or self.disk.used is None:
            return Full.AWAY
        if self._reports.of(block, code) >= self._block_per_h:
            return Full.BLOCK
        return None if self.disk.has_room() else Full.DISK

    def refused_photo(self, block: str, size_bytes: int) -> Full | None:
        """Return why no photo of a block is taken in; None where one is."""
        if not self.disk.is_counted:
            return Full.AWAY
        if self._uploads.of(block) >= self._block_per_h * UPLOADS_A_REPORT:
            return Full.BLOCK
        return None if self.disk.has_room(PHOTOS_SHARE, size_bytes) else Full.DISK

    def refused_unproved(self) -> Full | None:
        """Return why no report without a proof of work is taken in; None where one is."""
        return None if self.disk.has_room(UNPROVED_SHARE) else Full.DISK

    def may_return(self, block: str) -> bool:
        """Tell whether a report that is refused is read all the same, to be given back; each counts."""
        if self._returned.of(block) >= RETURNED_MAX:
            return False
        self._returned.add(block)
        return True

    def is_few(self, block: str) -> bool:
        """Tell whether a block has sent so little that it is no flood."""
        return self._reports.of(block) <= FEW

    def count_report(self, block: str, code: str) -> None:
        """Count a report that is being taken in."""
        self._reports.add(block, code)
        self._reports.add(block)

    def take_back_report(self, block: str, code: str) -> None:
        """Count one less: it could not be stored."""
        self._reports.take_back(block, code)
        self._reports.take_back(block)

    def count_upload(self, block: str) -> None:
        """Count an upload that was begun."""
        self._uploads.add(block)

    async def _receipt_key(self) -> bytes | None:
        """Return the key that all share who take reports in; the first of them makes it."""
        if self.keys is not None:
            return self.keys.receipts
        found = await self._objects.get(RECEIPT_PATH, KEY_BYTES)
        if found is Trouble.MISSING:
            await self._objects.put(RECEIPT_PATH, new_key(), is_new=True)
            found = await self._objects.get(RECEIPT_PATH, KEY_BYTES)
        return found if isinstance(found, bytes) and len(found) == KEY_BYTES else None


def new_key() -> bytes:
    """Return a new key of receipts."""
    return os.urandom(KEY_BYTES)
