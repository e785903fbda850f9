"""Collects what strangers reported as a task of the server, and tells consoles, metrics and the alarms of it.

Tidying the inbox is a task beside it. Bounded: a look and a turn every `LOOK_S`; the alarm once a report has waited for
`LATE_S`.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

import sql.sightings
from public.photos.decoding import Decoder
from public.sightings.collecting.aside import Aside, Why
from public.sightings.collecting.collector import ReportCollector, Waiting
from public.sightings.collecting.key_publishing import KeyPublisher
from public.sightings.collecting.reading import ReportReader
from public.sightings.collecting.tidying import Tidying
from public.sightings.intake.inbox_sealing import InboxKeys
from public.sightings.photo_keeping import PhotoKeeper
from public.sightings.sealing import Sealing
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from runtime.authentication_codes import key_material
from runtime.tasks import raise_if_cancelled
from server.administration.encryption import encryption_key
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from handlers.routes import Handlers
    from public.objects import Objects
    from push.engine import Engine
    from server.settings import Settings

LOOK_S: Final = 1.0
LATE_S: Final = 30.0
PUBLISH_LOOKS: Final = 5
"""Looks between two of the published key: as often as serve-public reads it."""

_log = structlog.get_logger("server.sightings")


class SightingCollection:
    """The collector of a server that has a site for the public."""

    def __init__(self, settings: Settings, engine: Engine, handlers: Handlers, objects: Objects | None) -> None:
        self._settings = settings
        self._alarms = engine.alarms
        self._pool = engine.stores.pool
        self._watcher = engine.watcher
        self._feed = handlers.operators.feed
        self._metrics = handlers.ops.metrics.sightings
        self._objects = objects
        self._told: dict[UUID, _Told] = {}
        self._read_s = 0.0

    async def run(self) -> None:
        """Collect until cancelled; returns at once where there is no site."""
        objects, pool = self._objects, self._pool
        if objects is None:
            return
        material = key_material(encryption_key(self._settings))
        keys, sealing = InboxKeys(material), Sealing(material)
        reader = ReportReader(objects, keys)
        aside = Aside(pool, objects, reader)
        keeper = PhotoKeeper(pool, objects, keys, sealing, Decoder())
        collector = ReportCollector(pool, objects, reader, sealing, keeper, aside)
        publisher, tidying = KeyPublisher(pool, objects, keys), Tidying(objects, aside)
        looks = 0
        self._read_s = asyncio.get_running_loop().time()

        async def look() -> None:
            nonlocal looks
            looks += 1
            await self._look(collector, aside)
            if looks % PUBLISH_LOOKS == 1:
                await publisher.publish()
            await self._tell()

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_again_and_again(look), name="collect reports")
                group.create_task(_again_and_again(tidying.turn), name="tidy the inbox")
        finally:
            await collector.close()

    async def _look(self, collector: ReportCollector, aside: Aside) -> None:
        waiting = await collector.look()
        now_s = asyncio.get_running_loop().time()
        if isinstance(waiting, Waiting):
            self._read_s = now_s
            self._judge(waiting, aside)
        elif now_s - self._read_s > LATE_S:
            # Strangers may go on getting receipts meanwhile.
            self._metrics.waiting = self._metrics.oldest_s = math.nan
            self._alarm(AlarmKind.SIGHTINGS_WAIT, "the inbox cannot be read")
        await collector.collect()

    def _judge(self, waiting: Waiting, aside: Aside) -> None:
        self._metrics.waiting = waiting.reports
        since = waiting.oldest_at
        age_s = 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())
        self._metrics.oldest_s = age_s
        self._metrics.aside = aside.counts.total()
        self._alarm(AlarmKind.SIGHTINGS_WAIT, "reports wait in the inbox" if age_s > LATE_S else None)
        unread = "put aside, to be tried again" if aside.counts[Why.UNREADABLE] else None
        if waiting.left_s is not None and waiting.left_s > LATE_S:
            unread = "sealed to a key of another server, which does not take them in"
        self._alarm(AlarmKind.UNREADABLE_SIGHTINGS, unread)
        unknown = "put aside, to be tried again" if aside.counts[Why.UNKNOWN_PAGE] else None
        self._alarm(AlarmKind.UNKNOWN_PAGE_SIGHTINGS, unknown)

    def _alarm(self, kind: AlarmKind, detail: str | None) -> None:
        """Raise an alarm, or end it."""
        if detail is None:
            self._alarms.clear(kind, EVERY_LANE, None)
        else:
            self._alarms.restate(kind, EVERY_LANE, None, detail)

    async def _tell(self) -> None:
        """Let consoles hear how many sightings of an alert nobody has decided, where that or who may hear it changed.

        Of an alert that the watcher does not know yet, nobody knows whose it is: it is told of at a later look.
        """
        waiting = await sql.sightings.waiting(self._pool)
        rows = {one.alert_id: (one.count, one.oldest_at) for one in waiting}
        for alert in {**self._told, **rows}:
            progress, told = self._watcher.current.get(alert), self._told.get(alert)
            if progress is not None:
                authorities: tuple[str, ...] = (progress.authority, *progress.countersigned)
            elif told is not None:
                authorities = told.authorities
            else:
                continue
            count, oldest_at = rows.get(alert, (0, None))
            new = _Told(authorities, count, oldest_at)
            if new != told:
                self._feed.publish_sightings(alert, authorities, count, oldest_at)
            if count:
                self._told[alert] = new
            else:
                self._told.pop(alert, None)


class _Told(NamedTuple):
    """What consoles were told of the undecided sightings of an alert."""

    authorities: tuple[str, ...]
    undecided: int
    oldest_at: datetime | None


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Do something every `LOOK_S`, until cancelled."""
    while True:
        try:
            await work()
        except REFUSED_ERRORS as error:
            # Also what the record does not take of a report ends no server that sends.
            raise_if_cancelled()
            _log.warning("sightings.record_away", error=type(error).__name__)
        await asyncio.sleep(LOOK_S)
