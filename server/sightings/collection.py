"""Collects what strangers reported as a task of the server, and tells consoles, metrics and the alarms of it.

Bounded: a look every `LOOK_S`; the alarm once a report has waited for `LATE_S`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

import sql.sightings
from public.photos.decoding import Decoder
from public.sightings.collecting import Collector, Waiting
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
    from uuid import UUID

    from handlers.routes import Handlers
    from public.objects import Objects
    from push.engine import Engine
    from server.settings import Settings

LOOK_S: Final = 1.0
LATE_S: Final = 30.0
TIDY_LOOKS: Final = 300
"""Looks between two of what nobody will fetch any more."""

_log = structlog.get_logger("server.sightings")


class SightingCollection:
    """The collector of a server that has a site for the public."""

    def __init__(self, settings: Settings, engine: Engine, handlers: Handlers, objects: Objects | None) -> None:
        self._alarms = engine.alarms
        self._pool = engine.stores.pool
        self._watcher = engine.watcher
        self._feed = handlers.operators.feed
        self._metrics = handlers.ops.metrics.sightings
        self._collector: Collector | None = None
        self._new: dict[UUID, tuple[int, datetime]] = {}
        if objects is not None:
            material = key_material(encryption_key(settings))
            keys, sealing = InboxKeys(material), Sealing(material)
            keeper = PhotoKeeper(self._pool, objects, keys, sealing, Decoder())
            self._collector = Collector(self._pool, objects, keys, sealing, keeper)

    async def run(self) -> None:
        """Collect until cancelled; returns at once where there is no site."""
        collector, looks = self._collector, 0
        if collector is None:
            return
        try:
            while True:
                try:
                    await self._look(collector)
                    if looks % TIDY_LOOKS == 0:
                        await collector.tidy()
                except REFUSED_ERRORS as error:
                    # Also what the record does not take of a report ends no server that sends.
                    raise_if_cancelled()
                    _log.warning("sightings.record_away", error=type(error).__name__)
                looks += 1
                await asyncio.sleep(LOOK_S)
        finally:
            await collector.close()

    async def _look(self, collector: Collector) -> None:
        waiting = await collector.look()
        if isinstance(waiting, Waiting):
            self._judge(waiting)
        await collector.publish_key()
        await collector.collect()
        if collector.aside:
            detail = f"{collector.aside} since the start"
            self._alarms.raise_alarm(AlarmKind.UNREADABLE_SIGHTINGS, EVERY_LANE, None, detail)
        await self._tell()

    def _judge(self, waiting: Waiting) -> None:
        self._metrics.waiting = waiting.reports
        since = waiting.oldest_at
        age_s = 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())
        self._metrics.oldest_s = age_s
        if age_s > LATE_S:
            detail = "reports wait in the inbox"
            self._alarms.raise_alarm(AlarmKind.SIGHTINGS_WAIT, EVERY_LANE, None, detail)
        else:
            self._alarms.clear(AlarmKind.SIGHTINGS_WAIT, EVERY_LANE, None)

    async def _tell(self) -> None:
        """Let consoles hear how many sightings of an alert nobody has decided, where that changed."""
        rows = {one.alert_id: (one.count, one.oldest_at) for one in await sql.sightings.waiting(self._pool)}
        for alert in {**self._new, **rows}:
            count, oldest_at = rows.get(alert, (0, None))
            if rows.get(alert) != self._new.get(alert):
                progress = self._watcher.current.get(alert)
                authorities = () if progress is None else (progress.authority, *progress.countersigned)
                self._feed.publish_sightings(alert, authorities, count, oldest_at)
        self._new = rows
