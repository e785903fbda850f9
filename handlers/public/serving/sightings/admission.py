"""How many reports are taken in: of an address block, and on the disk.

Counts are of this process, and forgotten when it ends; the disk is counted anew. Bounded: `BLOCKS_MAX` blocks are
counted; the disk as `disk` bounds it.
"""

from __future__ import annotations

import asyncio
import enum
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from handlers.public.serving.sightings.disk import Disk
from public.objects import Trouble
from public.sightings.intake.inbox_sealing import KEY_BYTES_MAX, KEY_PATH, PublicSeal, read_key
from public.sightings.intake.receipts import KEY_BYTES
from public.sightings.intake.receipts import KEY_PATH as RECEIPT_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from public.objects import Objects
    from public.settings import SightingSettings

MB: Final = 1_000_000
PHOTOS_SHARE: Final = 0.75
"""What is left of the disk is for texts alone."""

UNPROVED_SHARE: Final = 0.9
"""What is left then is for reports with a proof of work: a flood leaves room for them."""

LOOK_S: Final = 5.0
"""Beside the count of the disk, however long that takes: a new key is sealed to within seconds."""

FIRST_LOOK_S: Final = 0.5
"""Until there is a key."""

WINDOW_S: Final = 3600.0
BLOCKS_MAX: Final = 200_000
UPLOADS_A_REPORT: Final = 6
"""Three photos, each begun twice."""

FEW: Final = 3
"""So many reports of a block an hour come before those of a flood."""


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


class Counts:
    """How often something came within the hour, by key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def of(self, *key: str) -> int:
        """Return how often it came."""
        since_s, count = self._counts.get(key, (0.0, 0))
        return count if self._clock() - since_s < WINDOW_S else 0

    def add(self, *key: str) -> None:
        """Count it; the window begins with the first one."""
        count = self.of(*key)
        since_s = self._counts[key][0] if count else self._clock()
        self._counts[key] = (since_s, count + 1)
        while len(self._counts) > BLOCKS_MAX:
            self._counts.popitem(last=False)


class Admission:
    """Lets reports in."""

    def __init__(self, objects: Objects, settings: SightingSettings) -> None:
        loop = asyncio.get_running_loop()
        self._objects = objects
        self._settings = settings
        self._reports, self._uploads = Counts(loop.time), Counts(loop.time)
        self._kept = 0
        self._full_bytes = int(settings.disk_mb * MB)
        self.disk = Disk(objects, self._full_bytes)
        self.keys: Keys | None = None

    async def run(self) -> None:
        """Look at the disk and at the key again and again, until cancelled."""
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
            self._kept = known.kept_bytes
            self.keys = Keys(PublicSeal(known.key), receipts)

    def added(self, size_bytes: int) -> None:
        """Count an object that was stored since the disk was counted."""
        self.disk.added(size_bytes)

    def _is_full(self, share: float, more_bytes: int = 0) -> bool:
        """Tell whether a share of what the disk may hold is taken, with so many bytes more."""
        return (self.disk.used or 0) + self._kept + more_bytes >= self._full_bytes * share

    def refused(self, block: str, code: str) -> Full | None:
        """Return why nothing of a block is taken in for a page now; None where it is."""
        if self.keys is None or self.disk.used is None:
            return Full.AWAY
        if self._reports.of(block, code) >= self._settings.block_per_h:
            return Full.BLOCK
        if self._is_full(1.0):
            return Full.DISK
        return None

    def refused_photo(self, block: str, size_bytes: int) -> Full | None:
        """Return why no photo of a block is taken in; None where one is."""
        if self._uploads.of(block) >= self._settings.block_per_h * UPLOADS_A_REPORT:
            return Full.BLOCK
        return Full.DISK if self._is_full(PHOTOS_SHARE, size_bytes) else None

    def refused_unproved(self) -> Full | None:
        """Return why no report without a proof of work is taken in; None where one is."""
        return Full.DISK if self._is_full(UNPROVED_SHARE) else None

    def is_few(self, block: str) -> bool:
        """Tell whether a block has sent so little that it is no flood."""
        return self._reports.of(block) <= FEW

    def count_report(self, block: str, code: str) -> None:
        """Count a report that was taken in."""
        self._reports.add(block, code)
        self._reports.add(block)

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
