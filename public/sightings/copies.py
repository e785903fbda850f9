"""Reads the copies of photos that operators see: made here, without metadata, sealed at rest.

Bounded: one copy, of `COPY_BYTES`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.sightings
from public.objects import Trouble
from public.sightings.intake.inbox import copy_path

if TYPE_CHECKING:
    from uuid import UUID

    from public.objects import Objects
    from public.sightings.sealing import Sealing
    from sql.database import Pool

COPY_BYTES: Final = 8 * 1024 * 1024


class Copies:
    """The copies of photos; none where there is no site for the public (`objects` None)."""

    def __init__(self, pool: Pool, objects: Objects | None, sealing: Sealing) -> None:
        self._pool = pool
        self._objects = objects
        self._sealing = sealing

    async def read(self, alert_id: UUID, sighting: UUID, number: int) -> bytes | Trouble:
        """Return a copy (JPEG); MISSING where there is none, or no key opens it."""
        if self._objects is None:
            return Trouble.MISSING
        sealed = await self._objects.get(copy_path(alert_id, sighting, number), COPY_BYTES)
        if isinstance(sealed, Trouble):
            return sealed
        return await self.open(alert_id, sealed) or Trouble.MISSING

    async def open(self, alert_id: UUID, sealed: bytes) -> bytes | None:
        """Return what is kept sealed of an alert; None where no key opens it, or its salt is deleted."""
        salt = await sql.sightings.salt_of(self._pool, alert_id)
        return await asyncio.to_thread(self._sealing.of(alert_id, salt).open, sealed)
