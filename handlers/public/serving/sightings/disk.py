"""How much of the disk the inbox takes: counted again and again, and added up in between.

What was counted is stored for the next start, so that nobody is refused while a large inbox is counted. Bounded:
`COUNTED_MAX` objects, more are as much as is allowed; a count starts `COUNT_SHARE` times as long after the one before
as that one took, and not before `COUNT_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from public.objects import Trouble
from public.sightings.intake.inbox import disk_bytes
from runtime.tasks import cancel_and_wait

if TYPE_CHECKING:
    from public.objects import Listed, Objects

COUNT_S: Final = 5.0
COUNT_SHARE: Final = 20.0
"""A twentieth of the time is spent on counting, so that pages have the process."""

AGAIN_S: Final = 0.5
"""After a count that failed, while none is known."""

FIRST_S: Final = 2.0
"""A first count that takes longer goes on beside what was counted before the start."""

COUNTED_MAX: Final = 5_000_000
"""As many of the smallest objects as 20 GB hold."""

STORED: Final = "inbox/used"
DIGITS_MAX: Final = 20


class Disk:
    """The disk of the inbox: `used` bytes, by blocks; None until that is known."""

    def __init__(self, objects: Objects, full_bytes: int) -> None:
        self._objects = objects
        self._full_bytes = full_bytes
        self._clock = asyncio.get_running_loop().time
        self._added = 0
        self.used: int | None = None

    def added(self, size_bytes: int) -> None:
        """Count an object that was stored here."""
        self._added += disk_bytes(size_bytes)
        if self.used is not None:
            self.used += disk_bytes(size_bytes)

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
            await asyncio.sleep(AGAIN_S if self.used is None else max(COUNT_S, COUNT_SHARE * took_s))
            began_s = self._clock()
            await self.count()
            took_s = self._clock() - began_s

    async def count(self) -> None:
        """Count once; what cannot be listed leaves it as it was. What is stored meanwhile counts, perhaps twice."""
        found, before = 0, self._added

        def add(one: Listed) -> None:
            nonlocal found
            found += disk_bytes(one.size_bytes)

        count = await self._objects.scan("inbox", add, COUNTED_MAX)
        if isinstance(count, Trouble):
            return
        if count >= COUNTED_MAX:
            # There are more, and nobody knows how much they take.
            found = max(found, self._full_bytes)
        self.used = found + self._added - before
        await self._objects.put(STORED, str(self.used).encode())

    async def _remember(self) -> None:
        """Go by what was counted before the start, until the first count is through."""
        stored = await self._objects.get(STORED, DIGITS_MAX)
        if self.used is None and isinstance(stored, bytes) and stored.isdigit():
            self.used = int(stored) + self._added
