"""The alerts that are watched, as the record has them: read whole now and then, and what changed in between.

What of an alert cannot be read is left out of it, with an alarm; it is watched all the same, and so are all others.
Bounded: `sql.progress.WATCHED_MAX` alerts.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

import sql.progress
from push.alerts.estimate import read_estimate
from push.alerts.lifecycle import OVER
from push.alerts.review import HeldFor, known
from push.alerts.watch.unreadable_parts import ESTIMATE
from sql.progress import RINGS, WATCHED_MAX, WORDS

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from push.alerts.watch.unreadable_parts import UnreadableParts
    from sql.database import Pool
    from sql.progress import ListedAlert

LIST_EVERY_S: Final = 60.0
"""Between two full listings; in between, what changed is read."""


class Listing:
    """The alerts that go on and the newest others."""

    def __init__(self, pool: Pool, unreadable: UnreadableParts) -> None:
        self._pool = pool
        self._unreadable = unreadable
        self._listed_s = float("-inf")
        self._since = sql.progress.FIRST
        self.alerts: dict[UUID, ListedAlert] = {}

    async def read(self, also: AbstractSet[UUID]) -> list[ListedAlert]:
        """Read the alerts that changed, and these `also`; now and then all. Returns what was read."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._listed_s >= LIST_EVERY_S:
            self._since = await sql.progress.point(self._pool)
            found = await sql.progress.list_alerts(self._pool, limit=WATCHED_MAX)
            self.alerts = {alert.id: self._readable(alert) for alert in found}
            self._unreadable.keep(self.alerts.keys())
            self._listed_s = now_s
            return [*self.alerts.values()]
        changed, self._since = await sql.progress.changed(self._pool, self._since)
        found = await sql.progress.listed(self._pool, [*(changed | also)])
        read = [self._readable(alert) for alert in found]
        self.alerts |= {alert.id: alert for alert in read}
        return read

    def _readable(self, alert: ListedAlert) -> ListedAlert:
        """Return an alert without an estimate that cannot be read; say of each part whether it can be."""
        has_estimate = alert.estimate is None or read_estimate(alert.estimate) is not None
        unreadable = {*alert.unreadable}
        if not has_estimate:
            unreadable.add(ESTIMATE)
        if len(known(HeldFor, alert.held_for)) < len(alert.held_for):
            unreadable.add(WORDS)
        for part in (RINGS, WORDS, ESTIMATE):
            if part not in unreadable or alert.state in OVER:
                self._unreadable.readable(alert.id, part)
            else:
                self._unreadable.leave_out(alert, part)
        return alert if has_estimate else msgspec.structs.replace(alert, estimate=None)
