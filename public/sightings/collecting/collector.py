"""Takes what waits in the inbox into the record: reports by what was done for them, then by time; photos beside texts.

Each report is one transaction by its id, and its objects are deleted after it: whatever is interrupted is done again,
and changes nothing. While PostgreSQL is away all stays in the inbox. What is sealed to a key of another server stays
where it is for `LEFT_S`, so that that one takes it in; what else cannot be taken in is put aside. Several may collect
at once: they only do some of it twice. Bounded: `TAKEN_MAX` a look, `BATCH` texts a transaction, `PHOTOS_AT_ONCE`
reports with photos, `LISTED_MAX` names of a kind, `LEFT_MAX` left.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.sightings
from public.objects import Trouble
from public.sightings.adding import add
from public.sightings.collecting.aside import Why
from public.sightings.intake.inbox import (
    PHOTO_REPORTS,
    PRIORITIES,
    REPORTS,
    Named,
    Priority,
    Sent,
    named,
    path_in,
    upload_folder,
)
from public.sightings.intake.inbox_sealing import Unopened
from public.sightings.photo_keeping import NotKept
from runtime.tasks import cancel_and_wait, raise_if_cancelled
from sql.database import REFUSED_ERRORS, ROW_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.objects import Objects
    from public.sightings.collecting.aside import Aside
    from public.sightings.collecting.reading import Read, ReportReader
    from public.sightings.photo_keeping import PhotoKeeper
    from public.sightings.sealing import Sealing
    from sql.database import Pool

BATCH: Final = 100
TAKEN_MAX: Final = {Priority.PROVED: 300, Priority.FIRST: 150, Priority.FLOOD: 50}
"""Of a look, which comes once a second: far more than people report, and a flood takes little of what sends."""

PHOTOS_AT_ONCE: Final = 12
PHOTOS_AGAIN_S: Final = 10.0
"""After it failed, a report with photos lets others go first for so long."""

LISTED_MAX: Final = 2_000
"""Of the names of one priority at a time; the rest of a flood waits for a later look."""

LEFT_S: Final = 3600.0
"""Longer than servers are replaced one by one: whoever has the key takes a report within seconds."""

LEFT_MAX: Final = 2_000
"""So many are left where they are, and listed beside `LISTED_MAX`; what is more is put aside at once."""


_log = structlog.get_logger("public.sightings.collecting")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in the inbox: how many reports, and since when the oldest that is no flood, and not left.

    `left_s`: for how long this process has left some to a server with another key; None where it leaves none.
    """

    reports: int = 0
    oldest_at: datetime | None = None
    left_s: float | None = None


class ReportCollector:
    """Collects."""

    def __init__(
        self, pool: Pool, objects: Objects, reader: ReportReader, sealing: Sealing, keeper: PhotoKeeper, aside: Aside
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._reader = reader
        self._sealing = sealing
        self._keeper = keeper
        self._aside = aside
        self._clock = asyncio.get_running_loop().time
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._left: dict[str, float] = {}
        self._again_s: dict[str, float] = {}
        self._texts: dict[int, list[Named]] = {}
        self._with_photos: list[Named] = []

    async def look(self) -> Waiting | Trouble:
        """Look what waits, without the record."""
        texts: dict[int, list[Named]] = {}
        with_photos: list[Named] = []
        for priority in PRIORITIES:
            for folder in (REPORTS, PHOTO_REPORTS):
                found = await self._listed(f"{folder}/{priority}")
                if isinstance(found, Trouble):
                    return found
                if folder == REPORTS:
                    texts[priority] = found
                else:
                    with_photos += found
        self._texts, self._with_photos = texts, with_photos
        waiting = [*with_photos, *(one for found in texts.values() for one in found)]
        paths = {one.path for one in waiting}
        self._left = {path: since_s for path, since_s in self._left.items() if path in paths}
        self._again_s = {path: at_s for path, at_s in self._again_s.items() if path in paths}
        late = [one.sent_at for one in waiting if one.priority != Priority.FLOOD and one.path not in self._left]
        return Waiting(
            reports=len(waiting),
            oldest_at=min(late, default=None),
            left_s=self._clock() - min(self._left.values()) if self._left else None,
        )

    async def collect(self) -> int:
        """Take in some of what was seen, and return how many texts; UNAVAILABLE_ERRORS where PostgreSQL is away."""
        await self._begin_photos()
        return sum([await self._take(self._texts.pop(one, []), TAKEN_MAX[one]) for one in PRIORITIES])

    async def close(self) -> None:
        """End what is being kept; it is done again after the next start."""
        await cancel_and_wait([*self._keeping.values()])

    async def _listed(self, folder: str) -> list[Named] | Trouble:
        """Return the reports of a folder, the oldest first."""
        listed = await self._objects.list(folder, LISTED_MAX + len(self._left))
        if isinstance(listed, Trouble):
            return listed
        return sorted((one for path in listed if (one := named(path.path)) is not None), key=_sent_at)

    async def _begin_photos(self) -> None:
        """Begin to keep reports with photos, as many as there are places."""
        now_s = self._clock()
        some = [
            one
            for one in self._with_photos
            if one.path not in self._keeping and self._again_s.get(one.path, now_s) <= now_s and self._may_open(one)
        ]
        for one in await self._opened(some[: PHOTOS_AT_ONCE - len(self._keeping)]):
            if isinstance(one.sent, Sent):
                self._keeping[one.one.path] = asyncio.create_task(self._keep(one, one.sent), name="keep photos")

    async def _take(self, found: Sequence[Named], at_most: int) -> int:
        """Take texts in, `BATCH` at a time; returns how many."""
        chosen = [one for one in found if self._may_open(one)][:at_most]
        taken = 0
        for start in range(0, len(chosen), BATCH):
            texts = []
            for one in await self._opened(chosen[start : start + BATCH]):
                if isinstance(one.sent, Sent) and one.sent.photos:
                    # Of a serve-public that knew no other folder.
                    await self._aside.move(one, path_in(PHOTO_REPORTS, one.one))
                else:
                    texts.append(one)
            taken += await self._add_texts(texts)
        return taken

    def _may_open(self, one: Named) -> bool:
        """Tell whether a report is to be opened: it is not left to a server that has its key, or was for long."""
        since_s = self._left.get(one.path)
        return since_s is None or self._clock() - since_s > LEFT_S

    async def _opened(self, some: Sequence[Named]) -> list[Read]:
        """Return those that can be opened, and leave or put aside the others."""
        opened = []
        for one in await asyncio.gather(*(self._reader.read(one) for one in some)):
            if one is None:
                continue
            if isinstance(one.sent, Sent):
                opened.append(one)
            else:
                await self._leave(one, one.sent)
        return opened

    async def _leave(self, read: Read, why: Unopened) -> None:
        """Leave what is another server's key where it is for a while, and put aside all else."""
        path = read.one.path
        if why is Unopened.OTHER_KEY and path not in self._left and len(self._left) < LEFT_MAX:
            self._left[path] = self._clock()
        elif await self._aside.put(read, Why.UNREADABLE):
            self._left.pop(path, None)

    async def _add_texts(self, texts: Sequence[Read]) -> int:
        """Take texts in; those of a page that is not known, and those that the record refuses, are put aside."""
        if not texts:
            return 0
        # In the order of alerts, as they are counted: others who collect at the same time wait, and are not in the way.
        texts = sorted(texts, key=_by_alert)
        aside: list[tuple[Read, Why]] = []
        try:
            aside += await self._add(texts)
        except ROW_ERRORS:
            # Nothing says which one it was, and no report waits for another.
            for one in texts:
                try:
                    aside += await self._add([one])
                except ROW_ERRORS as error:
                    _log.error("sightings.refused", report=str(one.one.id), error=type(error).__name__)
                    aside.append((one, Why.UNREADABLE))
        for one, why in aside:
            await self._aside.put(one, why)
        left = {one.one.path for one, _ in aside}
        await self._objects.delete([one.one.path for one in texts if one.one.path not in left])
        return len(texts) - len(aside)

    async def _add(self, texts: Sequence[Read]) -> list[tuple[Read, Why]]:
        """Take texts in, in one transaction, and return those of a page that is not known."""
        unknown: list[tuple[Read, Why]] = []
        async with self._pool.acquire() as connection, connection.transaction():
            reports = [one.sent.report for one in texts if isinstance(one.sent, Sent)]
            codes = {one.code for one in reports}
            alerts = {code: await sql.sightings.alert_of(connection, code) for code in codes}
            for one, report in zip(texts, reports, strict=True):
                alert = alerts[report.code]
                if alert is None:
                    unknown.append((one, Why.UNKNOWN_PAGE))
                elif not alert.deleted:
                    await add(connection, self._sealing, report, alert)
        return unknown

    async def _keep(self, read: Read, sent: Sent) -> None:
        """Take a report with photos in; what goes wrong is tried again later."""
        try:
            await self._kept(read, sent)
        finally:
            del self._keeping[read.one.path]

    async def _kept(self, read: Read, sent: Sent) -> None:
        path = read.one.path
        try:
            kept = await self._keeper.keep(sent)
        except (*REFUSED_ERRORS, ValueError, LookupError) as error:
            # Also a time zone that nobody has: others go first.
            raise_if_cancelled()
            _log.warning("sightings.photos_wait", error=type(error).__name__)
            kept = NotKept.AGAIN
        if kept is NotKept.UNKNOWN_PAGE:
            await self._aside.put(read, Why.UNKNOWN_PAGE)
        elif kept is NotKept.OTHER_KEY:
            await self._leave(read, Unopened.OTHER_KEY)
        elif kept is NotKept.AGAIN or await self._objects.delete([path]) is not None:
            self._again_s[path] = self._clock() + PHOTOS_AGAIN_S
        else:
            for photo in sent.photos:
                await self._objects.delete_below(upload_folder(photo.upload))


def _sent_at(one: Named) -> datetime:
    return one.sent_at


def _by_alert(read: Read) -> tuple[str, str]:
    return (read.sent.report.code, str(read.sent.report.id)) if isinstance(read.sent, Sent) else ("", "")
