"""Deletes the photos of dismissed sightings, so that what somebody dismissed of a flood makes room for reports.

Those that the police were told of stay until the child's data goes: they may fetch them. Objects first, then the
record: what is interrupted is done again. Bounded: a look every `LOOK_S`, `AT_ONCE` sightings a statement.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

import sql.sightings
from public.sightings.intake.inbox import kept_folder
from runtime.tasks import raise_if_cancelled
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from public.objects import Objects
    from sql.database import Pool

LOOK_S: Final = 30.0
AT_ONCE: Final = 100
DISMISSED_KEPT: Final = timedelta(hours=1)
"""Long enough that who sees a mistake has somebody look at the photos."""

_log = structlog.get_logger("server.sightings.freeing")


async def free_dismissed(pool: Pool, objects: Objects | None) -> None:
    """Delete them until cancelled; returns at once where there are no objects."""
    if objects is None:
        return
    while True:
        try:
            while await _free_some(pool, objects) == AT_ONCE:
                continue
        except REFUSED_ERRORS as error:
            raise_if_cancelled()
            _log.warning("sightings.record_away", error=type(error).__name__)
        await asyncio.sleep(LOOK_S)


async def _free_some(pool: Pool, objects: Objects) -> int:
    """Delete the photos of some sightings; returns of how many: fewer than `AT_ONCE` where objects stay."""
    done = 0
    for alert_id, sighting in await sql.sightings.dismissed(pool, DISMISSED_KEPT, AT_ONCE):
        if await objects.delete_below(f"{kept_folder(alert_id)}/{sighting}") is not None:
            break
        await sql.sightings.forget_photos(pool, sighting)
        done += 1
    return done
