"""Takes what waits in the inbox into the record: reports by what was done for them, then by time; photos beside texts.

Each report is one transaction by its id, and its objects are deleted after it: whatever is interrupted is done again,
and changes nothing. While PostgreSQL is away all stays in the inbox. What cannot be read is put aside. Several may
collect at once: they only do some of it twice. Bounded: `TAKEN_MAX` a look, `BATCH` texts a transaction,
`PHOTOS_QUEUED` reports with photos, `READS` objects at once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

import sql.sightings
from public.objects import Trouble
from public.sightings.adding import add
from public.sightings.intake.inbox import (
    ASIDE,
    PHOTOS,
    PRIORITIES,
    REPORT_BYTES,
    REPORTS,
    UPLOAD_S,
    Named,
    Priority,
    named,
    read_sent,
    upload_folder,
)
from public.sightings.intake.inbox_sealing import KEY_PATH, PublishedKey
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from public.objects import Objects
    from public.sightings.content import Report
    from public.sightings.intake.inbox import Sent
    from public.sightings.intake.inbox_sealing import InboxKeys
    from public.sightings.photo_keeping import PhotoKeeper
    from public.sightings.sealing import Sealing
    from sql.database import Pool

BATCH: Final = 100
TAKEN_MAX: Final = {Priority.PROVED: 300, Priority.FIRST: 150, Priority.FLOOD: 50}
"""Of a look, which comes once a second: far more than people report, and a flood takes little of what sends."""

READS: Final = 16
PHOTOS_QUEUED: Final = 12
LISTED_MAX: Final = 2_000
"""Of the names of one priority at a time; the rest of a flood waits for a later look."""

WITH_PHOTOS_MAX: Final = 20_000
"""So many are known to have photos, and not read again before one can be kept."""

ORPHANS_MAX: Final = 20_000
ASIDE_KEPT: Final = timedelta(days=7)
"""Long enough to find a missing key; nobody can say of which child it is, so no longer."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in the inbox: how many reports, and since when the oldest that is no flood."""

    reports: int = 0
    oldest_at: datetime | None = None


class Collector:
    """Collects; `aside` counts what could not be read, since the start."""

    def __init__(self, pool: Pool, objects: Objects, keys: InboxKeys, sealing: Sealing, keeper: PhotoKeeper) -> None:
        self._pool = pool
        self._objects = objects
        self._keys = keys
        self._sealing = sealing
        self._keeper = keeper
        self._reads = asyncio.Semaphore(READS)
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._with_photos: set[str] = set()
        self._found: dict[int, list[Named]] = {}
        self._published: PublishedKey | None = None
        self.aside = 0

    async def publish_key(self) -> None:
        """Publish the key that seals, with what undecided reports take of the disk, if that changed."""
        wanted = PublishedKey(key=self._keys.public, kept_bytes=await sql.sightings.kept_bytes(self._pool))
        if wanted == self._published:
            return
        if await self._objects.put(KEY_PATH, msgspec.json.encode(wanted)) is None:
            self._published = wanted

    async def look(self) -> Waiting | Trouble:
        """Look what waits, without the record."""
        count, oldest = 0, None
        for priority in PRIORITIES:
            found = await self._listed(priority)
            if isinstance(found, Trouble):
                return found
            self._found[priority] = found
            count += len(found)
            if found and priority != Priority.FLOOD:
                oldest = min(found[0].sent_at, oldest or found[0].sent_at)
        return Waiting(reports=count, oldest_at=oldest)

    async def collect(self) -> int:
        """Take in some of what was seen, and return how many; UNAVAILABLE_ERRORS where PostgreSQL is away."""
        return sum([await self._take(self._found.pop(one, []), TAKEN_MAX[one]) for one in PRIORITIES])

    async def tidy(self) -> None:
        """Remove photos whose report never came, or was taken in before they were removed; and what was put aside."""
        await self._remove_aside()
        for priority in PRIORITIES:
            if await self._objects.list(f"{REPORTS}/{priority}", 1):
                # Their photos are still needed.
                return
        listed = await self._objects.list(PHOTOS, ORPHANS_MAX)
        if isinstance(listed, Trouble) or not listed:
            return
        newest = max(one.changed_at for one in listed)
        old: dict[str, datetime] = {}
        for one in listed:
            folder = one.path.rpartition("/")[0]
            old[folder] = max(old.get(folder, one.changed_at), one.changed_at)
        now = max(newest, datetime.now(newest.tzinfo))
        for folder, changed_at in old.items():
            if (now - changed_at).total_seconds() > UPLOAD_S:
                await self._objects.delete_below(folder)

    async def _remove_aside(self) -> None:
        aside = await self._objects.list(ASIDE, LISTED_MAX)
        if isinstance(aside, Trouble) or not aside:
            return
        oldest = datetime.now(aside[0].changed_at.tzinfo) - ASIDE_KEPT
        await self._objects.delete([one.path for one in aside if one.changed_at < oldest])

    async def close(self) -> None:
        """End what is being kept; it is done again after the next start."""
        for task in self._keeping.values():
            task.cancel()
        if self._keeping:
            await asyncio.wait(list(self._keeping.values()))

    async def _listed(self, priority: int) -> list[Named] | Trouble:
        """Return the reports of a priority, the oldest first."""
        listed = await self._objects.list(f"{REPORTS}/{priority}", LISTED_MAX)
        if isinstance(listed, Trouble):
            return listed
        return sorted((one for path in listed if (one := named(path.path)) is not None), key=_sent_at)

    async def _take(self, found: Sequence[Named], at_most: int) -> int:
        """Take reports in, `BATCH` at a time; returns how many. Those with photos go on beside."""
        full = len(self._keeping) >= PHOTOS_QUEUED
        chosen = [
            one for one in found if one.path not in self._keeping and not (full and one.path in self._with_photos)
        ]
        taken = 0
        for start in range(0, min(len(chosen), at_most), BATCH):
            some = chosen[start : min(start + BATCH, at_most)]
            read = await asyncio.gather(*(self._read(one) for one in some))
            texts: list[tuple[Named, Sent]] = []
            for one, sent in zip(some, read, strict=True):
                if sent is None or isinstance(sent, Trouble):
                    continue
                if not sent.photos:
                    texts.append((one, sent))
                elif len(self._keeping) < PHOTOS_QUEUED:
                    self._begin_keeping(one, sent)
                elif len(self._with_photos) < WITH_PHOTOS_MAX:
                    self._with_photos.add(one.path)
            if texts:
                await self._add_texts([sent.report for _, sent in texts])
                await self._objects.delete([one.path for one, _ in texts])
                taken += len(texts)
        return taken

    async def _read(self, one: Named) -> Sent | Trouble | None:
        """Return a report; None where it is not there any more, or could not be read and was put aside."""
        async with self._reads:
            content = await self._objects.get(one.path, REPORT_BYTES)
            if content is Trouble.MISSING:
                return None
            if content is Trouble.UNAVAILABLE:
                return content
            opened = self._keys.open(content) if isinstance(content, bytes) else None
            sent = None if opened is None else read_sent(opened)
            if sent is not None and sent.report.id == one.id:
                return sent
            kept = content if isinstance(content, bytes) else b""
            trouble = await self._objects.put(f"{ASIDE}/{one.path.rpartition('/')[2]}", kept)
            if trouble is None:
                trouble = await self._objects.delete([one.path])
            self.aside += trouble is None
            return trouble

    async def _add_texts(self, reports: Sequence[Report]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            alerts = {code: await sql.sightings.alert_of(connection, code) for code in {one.code for one in reports}}
            # In the order of alerts, as they are counted: who collects at the same time waits, and is not in the way.
            for report in sorted(reports, key=_by_alert):
                alert = alerts[report.code]
                if alert is not None and not alert.deleted:
                    await add(connection, self._sealing, report, alert)

    def _begin_keeping(self, one: Named, sent: Sent) -> None:
        task = asyncio.create_task(self._keep(one, sent), name="keep photos")
        self._keeping[one.path] = task
        self._with_photos.discard(one.path)
        task.add_done_callback(lambda _: self._keeping.pop(one.path, None))

    async def _keep(self, one: Named, sent: Sent) -> None:
        """Take a report with photos in; what goes wrong is tried again at the next look."""
        try:
            done = await self._keeper.keep(sent)
        except REFUSED_ERRORS:
            return
        if not done:
            return
        if await self._objects.delete([one.path]) is None:
            for photo in sent.photos:
                await self._objects.delete_below(upload_folder(photo.upload))


def _sent_at(one: Named) -> datetime:
    return one.sent_at


def _by_alert(report: Report) -> tuple[str, UUID]:
    return report.code, report.id
