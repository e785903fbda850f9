"""Finds one's way through the undecided sightings of an alert.

Bounded by the sightings of one alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from sql.database import Pool

_BESIDE = query("sighting_beside")


class Beside(msgspec.Struct, frozen=True):
    """Which sightings come before and after one."""

    before: UUID | None = None
    after: UUID | None = None


async def beside(pool: Pool, alert_id: UUID, sighting: UUID, order: str) -> Beside:
    """Return what comes before and after a sighting; `order`: `sql.sightings.NEAREST` or `NEWEST`."""
    row = await pool.fetchrow(_BESIDE, alert_id, sighting, order)
    return Beside() if row is None else Beside(*row)
