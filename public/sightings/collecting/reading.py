"""Reads reports of the inbox: opened, or why not.

Bounded: `READS` objects at once, `REPORT_BYTES` each.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from public.objects import Trouble
from public.sightings.intake.inbox import REPORT_BYTES, Named, Sent, read_sent
from public.sightings.intake.inbox_sealing import Unopened

if TYPE_CHECKING:
    from public.objects import Objects
    from public.sightings.intake.inbox_sealing import InboxKeys

READS: Final = 16


class Read(msgspec.Struct, frozen=True):
    """A report's object: its bytes as they are stored, and what is sealed in them, or why that is not known."""

    one: Named
    content: bytes
    sent: Sent | Unopened


class ReportReader:
    """Reads with the keys of this server."""

    def __init__(self, objects: Objects, keys: InboxKeys) -> None:
        self._objects = objects
        self._keys = keys
        self._reads = asyncio.Semaphore(READS)

    async def read(self, one: Named) -> Read | None:
        """Return a report; None where it is not there any more, or the store does not answer."""
        async with self._reads:
            content = await self._objects.get(one.path, REPORT_BYTES)
        if content in {Trouble.MISSING, Trouble.UNAVAILABLE}:
            return None
        if isinstance(content, Trouble):
            # Nothing of ours is so large.
            return Read(one, b"", Unopened.BROKEN)
        opened = self._keys.open(content)
        if isinstance(opened, Unopened):
            return Read(one, content, opened)
        sent = read_sent(opened)
        return Read(one, content, Unopened.BROKEN if sent is None or sent.report.id != one.id else sent)
