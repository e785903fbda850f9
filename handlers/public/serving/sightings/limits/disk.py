"""How much of the disk the inbox takes, against the quota: counted again and again, and added up in between.

What was counted is stored for the next start, so that nobody is refused while a large inbox is counted. Where nothing
is stored, or a first count fails on its way, what was seen so far counts: words are let in then, and photos after a
count that came to its end. What other processes store counts with the next one. Bounded: `COUNTED_MAX` objects, none in
memory, more are as much as is allowed; a count starts `COUNT_SHARE` times as long after the one before as that one
took, and not before `COUNT_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from public.objects import Trouble
from public.sightings.intake.inbox import BLOCK_BYTES, disk_bytes
from runtime.tasks import cancel_and_wait

if TYPE_CHECKING:
    from public.objects import Listed, Objects

MB: Final = 1_000_000
PHOTOS_SHARE: Final = 0.75
"""What is left of the disk is for texts alone."""

UNPROVED_SHARE: Final = 0.9
"""What is left then is for reports with a proof of work: a flood leaves room for them."""

COUNT_S: Final = 5.0
COUNT_SHARE: Final = 20.0
"""A twentieth of the time is spent on counting, so that pages have the process."""

AGAIN_S: Final = 0.5
"""After a count that failed, while none came to its end."""

FIRST_S: Final = 2.0
"""A first count that takes longer goes on beside what was counted before the start."""

COUNTED_MAX: Final = 5_000_000
"""As many of the smallest objects as 20 GB hold."""

STORED: Final = "inbox/used"
DIGITS_MAX: Final = 20


class Disk:
    """The disk of the inbox; `kept_bytes`: of undecided reports, as the servers say."""

    def __init__(self, objects: Objects, full_bytes: int) -> None:
        self._objects = objects
        self._full_bytes = full_bytes
        self._clock = asyncio.get_running_loop().time
        self._added = 0
        self._found = _Found()
        self._known: int | None = None
        self._goes_by_part = False
        self.kept_bytes = 0
        self.is_counted = False
        """A count came to its end, here or before the start."""

    @property
    def used(self) -> int | None:
        """How many bytes the inbox takes, by blocks; None until that is known."""
        if self._known is None and self._goes_by_part and self._found.bytes:
            return self._found.bytes + self._added
        return self._known

    def added(self, size_bytes: int, *, with_folder: bool = False) -> None:
        """Count an object that was stored here; `with_folder`: the first one of a folder of its own."""
        taken = disk_bytes(size_bytes) + (BLOCK_BYTES if with_folder else 0)
        self._added += taken
        if self._known is not None:
            self._known += taken

    def has_room(self, share: float = 1.0, more_bytes: int = 0) -> bool:
        """Tell whether a share of the quota is not taken yet, with so many bytes more."""
        return (self.used or 0) + self.kept_bytes + more_bytes < self._full_bytes * share

    async def run(self) -> None:
        """Count until cancelled."""
        first = asyncio.create_task(self.count(), name="count the inbox")
        try:
            await asyncio.wait({first}, timeout=FIRST_S)
            if not first.done():
                await self._remember()
            await first
        finally:
            await cancel_and_wait([first])
        took_s = 0.0
        while True:
            await asyncio.sleep(max(COUNT_S, COUNT_SHARE * took_s) if self.is_counted else max(AGAIN_S, took_s))
            began_s = self._clock()
            await self.count()
            took_s = self._clock() - began_s

    async def count(self) -> None:
        """Count once; what cannot be listed to its end takes at least what was seen of it."""
        self._found, before = _Found(), self._added
        count = await self._objects.scan("inbox", self._found.add, COUNTED_MAX)
        # What is stored meanwhile counts, perhaps twice.
        found = self._found.bytes + self._added - before
        if isinstance(count, Trouble):
            if self._found.bytes:
                self._known = max(self._known or 0, found)
            return
        if count >= COUNTED_MAX:
            # There are more, and nobody knows how much they take.
            found = max(found, self._full_bytes)
        self._known, self.is_counted = found, True
        await self._objects.put(STORED, str(found).encode())

    async def _remember(self) -> None:
        """Go by what was counted before the start, else by what is counted so far, until the first count is through."""
        stored = await self._objects.get(STORED, DIGITS_MAX)
        self._goes_by_part = True
        if self._known is None and isinstance(stored, bytes) and stored.isdigit():
            self._known, self.is_counted = int(stored) + self._added, True


class _Found:
    """What was found takes so many bytes, with a block for each folder: an upload has one of its own."""

    def __init__(self) -> None:
        self.bytes = 0
        self._folder = ""

    def add(self, listed: Listed) -> None:
        """Add an object; those of a folder follow each other."""
        folder = listed.path.rpartition("/")[0]
        self.bytes += disk_bytes(listed.size_bytes) + (0 if folder == self._folder else BLOCK_BYTES)
        self._folder = folder
