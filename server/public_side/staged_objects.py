"""Removes, as a task of the server, what interrupted puts left in a folder of objects, wherever that is.

No list of objects has it, so nothing else counts or deletes it: also not with the data of the child that it may show.
Bounded: a look at the start and every `LOOK_S`; what is younger than any put stays until the next one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from public.objects import Trouble

if TYPE_CHECKING:
    from public.objects import Objects

LOOK_S: Final = 600.0

_log = structlog.get_logger("server.staged_objects")


async def remove_staged_objects(objects: Objects | None) -> None:
    """Remove them until cancelled; returns at once where there are no objects."""
    while objects is not None:
        found = await objects.delete_staged("")
        if not isinstance(found, Trouble) and found:
            _log.info("objects.staged_removed", count=found)
        await asyncio.sleep(LOOK_S)
