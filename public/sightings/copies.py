"""Reads the copies of photos that operators see: made here, without metadata, sealed at rest.

Bounded: one copy, of `COPY_BYTES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from public.objects import Trouble
from public.sightings.intake.inbox import copy_path

if TYPE_CHECKING:
    from uuid import UUID

    from public.objects import Objects
    from public.sightings.sealing import Sealing

COPY_BYTES: Final = 8 * 1024 * 1024


class Copies:
    """The copies of photos; none where there is no site for the public (`objects` None)."""

    def __init__(self, objects: Objects | None, sealing: Sealing) -> None:
        self._objects = objects
        self._sealing = sealing

    async def read(self, alert_id: UUID, sighting: UUID, number: int) -> bytes | Trouble:
        """Return a copy (JPEG); MISSING where there is none, or no key opens it."""
        if self._objects is None:
            return Trouble.MISSING
        sealed = await self._objects.get(copy_path(alert_id, sighting, number), COPY_BYTES)
        if isinstance(sealed, Trouble):
            return sealed
        return self._sealing.open(alert_id, sealed) or Trouble.MISSING
