"""Keeps reports aside that cannot be taken in yet, with their priority, and tries them again.

Those that no key opened go after `KEPT`; those of a page that the record does not know are never removed here. What can
be taken in goes back to where reports wait. Put there first and then deleted here, so that an interruption loses none.
Bounded: `LISTED_MAX` of each kind, `AGAIN_MAX` at a time.
"""

from __future__ import annotations

import asyncio
import enum
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sql.sightings
from public.objects import LISTED_MAX, Trouble
from public.sightings.intake.inbox import PHOTO_REPORTS, REPORTS, UNKNOWN_PAGES, UNREADABLE, Sent, named, path_in

if TYPE_CHECKING:
    from datetime import datetime

    from public.objects import Objects
    from public.sightings.collecting.reading import Read, ReportReader
    from public.sightings.intake.inbox import Named
    from sql.database import Pool

KEPT: Final = timedelta(days=30)
"""Long enough to find a missing key, while an alarm says so; nobody can say of which child it is, so no longer."""

AGAIN_MAX: Final = 100


class Why(enum.Enum):
    """Why a report is aside: the folder that it is in."""

    UNREADABLE = UNREADABLE
    UNKNOWN_PAGE = UNKNOWN_PAGES


class Aside:
    """What is aside; `counts`: how much of which kind, as far as this process knows."""

    def __init__(self, pool: Pool, objects: Objects, reader: ReportReader) -> None:
        self._pool = pool
        self._objects = objects
        self._reader = reader
        self._again: deque[Named] = deque()
        self.counts: Counter[Why] = Counter()

    async def put(self, read: Read, why: Why) -> bool:
        """Put a report aside; False where that is to be tried again."""
        path = path_in(why.value, read.one)
        return path == read.one.path or await self.move(read, path)

    async def look(self, now: datetime) -> set[str] | Trouble:
        """List what is aside, to be tried again, and remove what is too old; `now`: the store's time.

        Returns the ids; TOO_LARGE where they are not all.
        """
        found: list[Named] = []
        is_all = True
        for why in Why:
            listed = await self._objects.list(why.value, LISTED_MAX)
            if isinstance(listed, Trouble):
                return listed
            is_all = is_all and len(listed) < LISTED_MAX
            old = {one.path for one in listed if why is Why.UNREADABLE and now - one.changed_at > KEPT}
            if old and await self._objects.delete([*old]) is not None:
                old = set()
            names = [one for listed_one in listed if (one := named(listed_one.path)) is not None]
            kept = [one for one in names if one.path not in old]
            self.counts[why] = len(kept)
            found += kept
        self._again = deque(sorted(found, key=_order))
        return {str(one.id) for one in found} if is_all else Trouble.TOO_LARGE

    async def try_again(self) -> bool:
        """Try some of what was listed again; tells whether there is more. UNAVAILABLE_ERRORS: the record is away."""
        some = [self._again.popleft() for _ in range(min(AGAIN_MAX, len(self._again)))]
        read = [one for one in await asyncio.gather(*map(self._reader.read, some)) if one is not None]
        codes = {one.sent.report.code for one in read if isinstance(one.sent, Sent)}
        if not codes:
            return bool(self._again)
        async with self._pool.acquire() as connection, connection.transaction():
            known = {code for code in codes if await sql.sightings.alert_of(connection, code) is not None}
        for one in read:
            if not isinstance(one.sent, Sent):
                continue
            if one.sent.report.code not in known:
                await self.put(one, Why.UNKNOWN_PAGE)
            else:
                folder = PHOTO_REPORTS if one.sent.photos else REPORTS
                await self.move(one, path_in(folder, one.one))
        return bool(self._again)

    async def move(self, read: Read, path: str) -> bool:
        """Give a report another path; False where that is to be tried again."""
        if await self._objects.put(path, read.content) is not None:
            return False
        if await self._objects.delete([read.one.path]) is not None:
            return False
        for why in Why:
            is_there, was_there = (one.startswith(f"{why.value}/") for one in (path, read.one.path))
            self.counts[why] += is_there - was_there
        return True


def _order(one: Named) -> tuple[int, datetime]:
    return one.priority, one.sent_at
