"""Deletes what is kept of an alert as objects, before the record says that its data is deleted.

Bounded: one alert at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from public.sightings.intake.inbox import kept_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from public.objects import Objects

PICTURES: Final = "kept/photos"


def deletion_of(objects: Objects | None) -> Callable[[UUID], Awaitable[bool]] | None:
    """Return what deletes the objects of an alert and tells whether that is done; None where there are none."""
    if objects is None:
        return None

    async def delete(alert_id: UUID) -> bool:
        for folder in (kept_folder(alert_id), f"{PICTURES}/{alert_id}"):
            if await objects.delete_below(folder) is not None:
                return False
        return True

    return delete
