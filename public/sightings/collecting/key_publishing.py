"""Publishes the key to which reports are sealed, with what undecided reports take of the disk.

What is published is read each time: a server with another key that ended may have left its own one. Bounded: one small
object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

import sql.sightings
from public.sightings.intake.inbox_sealing import KEY_BYTES_MAX, KEY_PATH, PublishedKey, read_key

if TYPE_CHECKING:
    from public.objects import Objects
    from public.sightings.intake.inbox_sealing import InboxKeys
    from sql.database import Pool


class KeyPublisher:
    """Publishes the first of a server's keys."""

    def __init__(self, pool: Pool, objects: Objects, keys: InboxKeys) -> None:
        self._pool = pool
        self._objects = objects
        self._keys = keys

    async def publish(self) -> None:
        """Publish what is not published yet; UNAVAILABLE_ERRORS where PostgreSQL is away."""
        wanted = PublishedKey(key=self._keys.public, kept_bytes=await sql.sightings.kept_bytes(self._pool))
        found = await self._objects.get(KEY_PATH, KEY_BYTES_MAX)
        if not isinstance(found, bytes) or read_key(found) != wanted:
            await self._objects.put(KEY_PATH, msgspec.json.encode(wanted))
