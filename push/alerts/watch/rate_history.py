"""Writes the history of rates: how far each alert that is being sent had come by when, in each lane.

Every process writes what it reads of the record, and the record keeps one row a span of all of them. Bounded: one
statement every `sql.rates.SPAN` for all alerts that went on since, one to thin every `sql.rates.COARSE`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

import structlog

import sql.rates
from sql.database import REFUSED_ERRORS, UNAVAILABLE_ERRORS
from sql.rates import COARSE, SPAN, Settled

if TYPE_CHECKING:
    from uuid import UUID

    from push.alerts.watch.progress import AlertProgress
    from sql.database import Pool

    Totals: TypeAlias = dict[str, int]


_log = structlog.get_logger("push.alerts.watch.rate_history")


class RateHistory:
    """Notes what changed since it was noted last."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[UUID, Totals] = {}
        self._noted: dict[UUID, tuple[str, Totals]] = {}
        self._due_s = float("-inf")
        self._thin_s = float("-inf")
        self._hastens = False

    def take(self, progress: AlertProgress) -> None:
        """Take the newest figures of an alert; what begins or ends to be sent is noted at once."""
        totals = {lane: one.sent for lane, one in progress.lanes.items()}
        state, noted = self._noted.get(progress.alert, ("", {}))
        self._hastens |= state != progress.state
        self._noted[progress.alert] = (progress.state, noted)
        if totals != noted:
            self._waiting[progress.alert] = totals

    async def write(self) -> None:
        """Write what waits, once in a span; one of `sql.database.UNAVAILABLE_ERRORS` keeps it waiting.

        What PostgreSQL refuses otherwise is left out: no history ends what sends.
        """
        now_s = asyncio.get_running_loop().time()
        if not self._waiting or (now_s < self._due_s and not self._hastens):
            return
        self._due_s, self._hastens = now_s + SPAN.total_seconds(), False
        waiting = self._waiting
        rows = [
            Settled(alert_id, lane, settled)
            for alert_id, totals in sorted(waiting.items())
            for lane, settled in sorted(totals.items())
            if settled != self._noted[alert_id][1].get(lane)
        ]
        try:
            await sql.rates.note(self._pool, rows)
        except UNAVAILABLE_ERRORS:
            raise
        except REFUSED_ERRORS as error:
            _log.error("rates.refused", error=type(error).__name__)
        self._noted |= {alert_id: (self._noted[alert_id][0], totals) for alert_id, totals in waiting.items()}
        self._waiting = {}
        if now_s >= self._thin_s:
            self._thin_s = now_s + COARSE.total_seconds()
            await sql.rates.thin(self._pool, [*waiting])

    def keep(self, alert_ids: set[UUID]) -> None:
        """Forget all other alerts."""
        self._noted = {alert_id: noted for alert_id, noted in self._noted.items() if alert_id in alert_ids}
        self._waiting = {alert_id: totals for alert_id, totals in self._waiting.items() if alert_id in alert_ids}
