"""The areas that reports are held against: those of the rings of live alerts that are due, or will be in a moment.

What is known of an alert is looked at again once the alert was read again, or another ring of it comes due. An alert
whose area cannot be read is left out, with an alarm, and no other one waits for it. Bounded: the alerts that are
listed; of one that cannot be read an attempt every `AGAIN_S`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import sql.progress
from push.alerts.places import outermost
from push.alerts.watch.unreadable_parts import AREA
from runtime import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from geo.area import Area
    from push.alerts.watch.unreadable_parts import UnreadableParts
    from push.fanout.areas import Areas
    from push.fanout.entrants.late_entrants import LateEntrants
    from sql.database import Pool
    from sql.progress import ListedAlert
    from sql.rings import RingRow

RING_AHEAD: Final = timedelta(seconds=5)
"""Reports are held against a ring before it is due, so that its sweep and they miss nobody between them."""

AGAIN_S: Final = 60.0
"""A polygon may have a million vertices: what cannot be read is not read at every tick."""


NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Known(NamedTuple):
    """The areas of an alert as it was read, from one time of the record on until the next ring of it comes due."""

    alert: ListedAlert
    areas: list[Area] | None
    since: datetime
    until: datetime


class WatchedAreas:
    """Holds reports against the areas of live alerts."""

    def __init__(self, pool: Pool, entrants: LateEntrants, areas: Areas, unreadable: UnreadableParts) -> None:
        self._pool = pool
        self._entrants = entrants
        self._areas = areas
        self._unreadable = unreadable
        self._again_s: dict[tuple[UUID, int], float] = {}
        self._known: dict[UUID, Known] = {}

    async def watch(self, live: Sequence[ListedAlert]) -> None:
        """Hold reports against the area of each of these alerts, and of no other."""
        # By the record's clock, as what is claimed: this machine's may be minutes off.
        soon = (await sql.progress.record_time(self._pool) if live else clock.now()) + RING_AHEAD
        found: dict[UUID, Area | list[Area]] = {}
        for alert in live:
            known = self._known.get(alert.id)
            if known is None or known.alert is not alert or not known.since <= soon < known.until:
                known = await self._read(alert, soon)
            if known is not None and known.areas is not None:
                found[alert.id] = known.areas
        self._forget({alert.id for alert in live})
        await self._entrants.live.watch(found)
        # Only now: whoever enters after this is noted, and whoever entered before is found.
        await self._entrants.request_passes()

    async def _read(self, alert: ListedAlert, soon: datetime) -> Known | None:
        """Return what is known of an alert; None where its areas cannot be read. No areas: nothing is due."""
        self._known.pop(alert.id, None)
        allowed: list[RingRow] = [ring for ring in alert.rings if ring.held is None]
        due = [ring for ring in allowed if ring.due_at <= soon]
        key, now_s = (alert.id, alert.area_version), asyncio.get_running_loop().time()
        if self._again_s.get(key, now_s) > now_s:
            return None
        try:
            areas = [await self._areas.area(alert.id, ring, alert.area_version) for ring in outermost(due)]
        except ValueError:
            self._again_s[key] = now_s + AGAIN_S
            self._unreadable.leave_out(alert, AREA)
            return None
        if areas:
            self._again_s.pop(key, None)
            self._unreadable.readable(alert.id, AREA)
        until = min((ring.due_at for ring in allowed if ring.due_at > soon), default=NEVER)
        self._known[alert.id] = Known(alert, areas or None, soon, until)
        return self._known[alert.id]

    def _forget(self, live: set[UUID]) -> None:
        """Forget what was unreadable of alerts that live no more."""
        self._known = {alert_id: known for alert_id, known in self._known.items() if alert_id in live}
        self._again_s = {key: again_s for key, again_s in self._again_s.items() if key[0] in live}
        for gone in self._unreadable.having(AREA) - live:
            self._unreadable.readable(gone, AREA)
