"""Deletes what is kept of an alert as objects, before the record says that its data is deleted.

Where the objects cannot be reached any more, nothing is deleted of which the record knows that there were some.
Bounded: one alert at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.deletion
from public.photos.case_photos import folder_of
from public.publishing.site import page_folder
from public.sightings.intake.inbox import kept_folder
from runtime.page_codes import code_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from public.objects import Objects
    from sql.database import Pool


def deletion_of(pool: Pool, objects: Objects | None, *, has_site: bool) -> Callable[[UUID], Awaitable[bool]]:
    """Return what deletes the objects of an alert and tells whether that is done; `objects` None: out of reach.

    Its page is taken away by the publisher; where there is no site any more (not `has_site`) nobody else does that.
    """

    async def delete(alert_id: UUID) -> bool:
        if objects is None:
            return not await sql.deletion.has_objects(pool, alert_id)
        if await sql.deletion.page_stands(pool, alert_id) and (
            has_site or await objects.delete_below(page_folder(code_of(alert_id))) is not None
        ):
            return False
        for folder in (kept_folder(alert_id), folder_of(alert_id)):
            if await objects.delete_below(folder) is not None:
                return False
        return True

    return delete
