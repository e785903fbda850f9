"""Progress: the record's counts flow in at every tick, what changed flows out to the feed, with rate and ETA by lane.

The counts come from PostgreSQL, so every process sees the work of all of them, and a restart forgets nothing.
Bounded: a tick at most four times a second while an alert is being sent, once a second otherwise;
`WINDOW_S` seconds of samples a lane and alert.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

import sql.progress
from push.backoff import until_back
from sql.database import AWAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from push.alarms import AlarmBoard
    from sql.database import Pool
    from sql.progress import Counts, ListedAlert

TICK_S = 0.25
IDLE_TICK_S = 1.0
WINDOW_S = 5.0
LATE_MARGIN_S = 5.0
"""A late lane's alarm ends only when its ETA is this much before the deadline again, so that it does not flicker."""


class LaneProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one alert: recipients by outcome, recipients a second, and when it will be through."""

    found: int
    sent: int
    accepted: int
    invalid: int
    refused: int
    failed: int
    rate_per_s: float
    eta: datetime | None
    units: int
    units_done: int


class AlertProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with its lanes."""

    alert: UUID
    case_number: str
    status: str
    state: str
    received_at: datetime
    deadline: datetime
    sent_at: datetime | None
    lanes: dict[str, LaneProgress]


class Watcher:
    """Reads progress and says what changed."""

    def __init__(self, pool: Pool, alarms: AlarmBoard) -> None:
        self._pool = pool
        self._alarms = alarms
        self._bell = asyncio.Event()
        self._samples: dict[tuple[UUID, str], deque[tuple[float, int]]] = {}
        self.current: dict[UUID, AlertProgress] = {}
        self.publish: Callable[[AlertProgress], None] = lambda _: None
        self.tick_s: Callable[[], float] = lambda: TICK_S

    def ring(self) -> None:
        """Say that there may be a new alert."""
        self._bell.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._bell.clear()
            sending = await until_back(self._tick, AWAY, "postgresql")
            try:
                async with asyncio.timeout(self.tick_s() if sending else IDLE_TICK_S):
                    await self._bell.wait()
            except TimeoutError:
                continue
            # New work rings once; the tick still bounds how often anything is published.
            await asyncio.sleep(self.tick_s())

    async def _tick(self) -> bool:
        await sql.progress.settle(self._pool)
        alerts = await sql.progress.list_alerts(self._pool)
        by_id = {alert.id: alert for alert in alerts}
        stale = [a.id for a in alerts if a.state == "sending" or self._changed(a)]
        counts = await sql.progress.read_counts(self._pool, stale) if stale else []
        for alert_id in stale:
            rows = [row for row in counts if row.alert_id == alert_id]
            progress = self._progress(by_id[alert_id], rows)
            if self.current.get(alert_id) != progress:
                self.current[alert_id] = progress
                self._check_deadline(progress)
                self.publish(progress)
        for gone in self.current.keys() - by_id.keys():
            del self.current[gone]
        return any(alert.state == "sending" for alert in alerts)

    def _changed(self, alert: ListedAlert) -> bool:
        known = self.current.get(alert.id)
        return known is None or known.state != alert.state

    def _progress(self, alert: ListedAlert, rows: list[Counts]) -> AlertProgress:
        lanes: dict[str, LaneProgress] = {}
        for lane in sorted({row.lane for row in rows}):
            lanes[lane] = self._lane(alert, lane, [row for row in rows if row.lane == lane])
        return AlertProgress(
            alert=alert.id,
            case_number=alert.case_number,
            status=alert.status,
            state=alert.state,
            received_at=alert.received_at,
            deadline=alert.deadline,
            sent_at=alert.sent_at,
            lanes=lanes,
        )

    def _lane(self, alert: ListedAlert, lane: str, rows: list[Counts]) -> LaneProgress:
        accepted = sum(row.accepted for row in rows)
        invalid = sum(row.invalid for row in rows)
        refused = sum(row.refused for row in rows)
        failed = sum(row.failed for row in rows)
        settled = accepted + invalid + refused + failed
        units, searched = sum(row.units for row in rows), sum(row.units_searched for row in rows)
        found = max(sum(row.found for row in rows), settled)
        rate_per_s = self._rate(alert, lane, settled)
        eta: datetime | None = None
        if alert.state == "sending":
            expected = max(_expected(alert, lane, found, searched, units), settled)
            if rate_per_s > 0:
                eta = datetime.now(UTC) + timedelta(seconds=(expected - settled) / rate_per_s)
        else:
            eta = alert.sent_at
            self._samples.pop((alert.id, lane), None)
        return LaneProgress(
            found=found,
            sent=settled,
            accepted=accepted,
            invalid=invalid,
            refused=refused,
            failed=failed,
            rate_per_s=round(rate_per_s, 1),
            eta=eta,
            units=units,
            units_done=sum(row.units_done for row in rows),
        )

    def _rate(self, alert: ListedAlert, lane: str, settled: int) -> float:
        now_s = asyncio.get_running_loop().time()
        samples = self._samples.setdefault((alert.id, lane), deque())
        samples.append((now_s, settled))
        while len(samples) > 1 and samples[0][0] < now_s - WINDOW_S:
            samples.popleft()
        elapsed_s = now_s - samples[0][0]
        return (settled - samples[0][1]) / elapsed_s if elapsed_s > 0 else 0.0

    def _check_deadline(self, progress: AlertProgress) -> None:
        now = datetime.now(UTC)
        for lane, state in progress.lanes.items():
            alert = str(progress.alert)
            if progress.state != "sending":
                self._alarms.clear("late", lane, alert)
            elif now > progress.deadline or (state.eta is not None and state.eta > progress.deadline):
                late_s = ((state.eta or now) - progress.deadline).total_seconds()
                self._alarms.raise_alarm("late", lane, alert, f"{late_s:.0f} s past the deadline at the present rate")
            elif state.eta is not None and state.eta < progress.deadline - timedelta(seconds=LATE_MARGIN_S):
                self._alarms.clear("late", lane, alert)


def _expected(alert: ListedAlert, lane: str, found: int, searched: int, units: int) -> int:
    """Guess a lane's recipients: what the searched units hold, scaled up, or the estimate before there are any."""
    if searched:
        return round(found * units / searched)
    if alert.estimate is None:
        return found
    lanes = msgspec.json.decode(alert.estimate).get("lanes", {})
    return int(lanes.get(lane, {}).get("people", found))
