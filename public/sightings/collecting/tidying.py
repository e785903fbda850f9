"""Removes photos that no report has, and looks after what is aside: a turn at a time, by the clock of the store alone.

A photo goes when it is older than `UPLOAD_S` and no report names it, wherever that waits: where not all reports could
be listed, only those go that none has taken. Bounded: a look every `LOOK_S`, of `SCANNED_MAX` names in `FOLDERS_MAX`
folders; `FOLDERS_A_TURN` are removed in a turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from public.objects import LISTED_MAX, Trouble
from public.sightings.intake.inbox import PHOTO_REPORTS, PHOTOS, REPORTS, UPLOAD_LISTED_MAX, UPLOAD_S, holder_of, named

if TYPE_CHECKING:
    from public.objects import Listed, Objects
    from public.sightings.collecting.aside import Aside

LOOK_S: Final = 300.0
FOLDERS_A_TURN: Final = 50
FOLDERS_MAX: Final = 100_000
SCANNED_MAX: Final = 1_000_000
CLOCK: Final = "inbox/looked-at"
"""The object that is stored to learn what time it is at the store."""


class Folder(msgspec.Struct):
    """The folder of an upload: when it was changed last, and the reports that have taken it."""

    changed_at: datetime
    holders: set[str] = msgspec.field(default_factory=set)


class Tidying:
    """Tidies the inbox."""

    def __init__(self, objects: Objects, aside: Aside) -> None:
        self._objects = objects
        self._aside = aside
        self._clock = asyncio.get_running_loop().time
        self._next_s = self._clock()
        self._left: deque[str] = deque()
        self._oldest = datetime.min.replace(tzinfo=UTC)
        self._is_tried = True

    async def turn(self) -> None:
        """Do some of it, if it is time; UNAVAILABLE_ERRORS where the record is away."""
        if self._is_tried and not self._left and self._clock() >= self._next_s:
            self._next_s = self._clock() + LOOK_S
            await self._look()
        for _ in range(min(FOLDERS_A_TURN, len(self._left))):
            await self._remove(self._left.popleft())
        if not self._is_tried:
            self._is_tried = not await self._aside.try_again()

    async def _look(self) -> None:
        now = await self._store_time()
        if now is None:
            return
        waiting = await self._reports(now)
        self._is_tried = False
        folders: dict[str, Folder] = {}

        def note(one: Listed) -> None:
            path = one.path.rpartition("/")[0]
            folder = folders.get(path)
            if folder is None:
                if len(folders) >= FOLDERS_MAX:
                    return
                folder = folders[path] = Folder(one.changed_at)
            folder.changed_at = max(folder.changed_at, one.changed_at)
            holder = holder_of(one.path)
            if holder is not None:
                folder.holders.add(holder)

        if isinstance(await self._objects.scan(PHOTOS, note, SCANNED_MAX), Trouble):
            return
        self._oldest = now - timedelta(seconds=UPLOAD_S)
        for path, folder in folders.items():
            is_needed = bool(folder.holders) if isinstance(waiting, Trouble) else bool(folder.holders & waiting)
            if folder.changed_at < self._oldest and not is_needed:
                self._left.append(path)

    async def _remove(self, folder: str) -> None:
        """Remove a photo, unless somebody went on with it since it was looked at, or took it for a report."""
        listed = await self._objects.list(folder, UPLOAD_LISTED_MAX)
        if not isinstance(listed, Trouble) and all(one.changed_at < self._oldest for one in listed):
            await self._objects.delete_below(folder)

    async def _reports(self, now: datetime) -> set[str] | Trouble:
        """Return the ids of all reports that wait or are aside; Trouble where they are more than can be listed.

        What is aside is looked at before and after: meanwhile a report may go there, or come from there.
        """
        found: set[str] = set()
        aside = await self._aside.look(now)
        for folder in (REPORTS, PHOTO_REPORTS):
            listed = await self._objects.list(folder, LISTED_MAX)
            if isinstance(listed, Trouble):
                return listed
            if len(listed) >= LISTED_MAX:
                return Trouble.TOO_LARGE
            found |= {str(one.id) for path in listed if (one := named(path.path)) is not None}
        again = await self._aside.look(now)
        if isinstance(aside, Trouble) or isinstance(again, Trouble):
            return Trouble.UNAVAILABLE
        return found | aside | again

    async def _store_time(self) -> datetime | None:
        """Return what time it is at the store, whose clock dates all objects."""
        if await self._objects.put(CLOCK, b"") is not None:
            return None
        known = await self._objects.head(CLOCK)
        return None if isinstance(known, Trouble) else known.changed_at
