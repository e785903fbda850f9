"""Opens originals of photos for the police, from their links.

Bounded: one photo in memory for each request, `AT_ONCE` at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from public.objects import Trouble
from public.sightings.intake.inbox import original_path
from public.sightings.photo_keeping import open_original

if TYPE_CHECKING:
    from public.objects import Objects
    from public.sightings.copies import Copies
    from public.sightings.intake.inbox_sealing import InboxKeys
    from public.sightings.police.links import PhotoLink

AT_ONCE: Final = 4


class Originals:
    """The photos that links lead to."""

    def __init__(self, objects: Objects | None, keys: InboxKeys, copies: Copies) -> None:
        self._objects = objects
        self._keys = keys
        self._copies = copies
        self._places = asyncio.Semaphore(AT_ONCE)

    async def read(self, link: PhotoLink, *, copy: bool) -> bytes | Trouble:
        """Return the photo as it came, or the copy; MISSING where it is deleted."""
        if copy:
            return await self._copies.read(link.alert, link.sighting, link.number)
        if self._objects is None:
            return Trouble.MISSING
        async with self._places:
            kept = await self._objects.get(original_path(link.alert, link.sighting, link.number))
            if isinstance(kept, Trouble):
                return kept
            sealed = await self._copies.open(link.alert, kept)
            opened = None if sealed is None else await asyncio.to_thread(open_original, self._keys, sealed)
        return Trouble.MISSING if opened is None else opened
