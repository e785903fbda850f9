"""The watcher: reads the record at every tick, publishes what changed to the feed, and begins what is due.

The counts come from PostgreSQL, so every process sees the work of all of them, and a restart forgets nothing. A tick
reads what changed, and some of what is being sent; alerts that rest cost nothing. Bounded: a tick at most four times a
second while something is being sent, less often while many alerts are (`WORK_SHARE`), once a second otherwise;
`push.alerts.watch.busy_alerts`; `sql.progress.WATCHED_MAX` alerts.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import sql.audit
import sql.progress
import sql.reminders
import sql.rings
from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.alerts.actions.actor import SYSTEM
from push.alerts.lifecycle import LIVE, OVER, State
from push.alerts.watch.busy_alerts import BusyAlerts
from push.alerts.watch.due.reminders import Reminders
from push.alerts.watch.due.transitions import AlertsApart, Transitions
from push.alerts.watch.listing import Listing
from push.alerts.watch.progress import Meter
from push.alerts.watch.rate_history import RateHistory
from push.alerts.watch.stopping import Stopping
from push.alerts.watch.unreadable_parts import UnreadableParts
from push.alerts.watch.warnings import AlertWarnings
from push.alerts.watch.watched_areas import WatchedAreas
from push.fanout.claims.refused_rows import Of
from push.notice import Notice
from runtime.retry import retry_until_available
from sql.apart import apart
from sql.audit import AuditEvent
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from push.alarms import AlarmBoard
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.progress import AlertProgress
    from push.fanout.areas import Areas
    from push.fanout.claims.refused_rows import RefusedRows
    from push.fanout.entrants.late_entrants import LateEntrants
    from push.message.sound import Sounds
    from runtime.clock import ComparedClock
    from sql.database import Pool
    from sql.progress import Counts, ListedAlert
    from sql.reminders import PlannedReminder

TICK_S = 0.25
IDLE_TICK_S = 1.0
WORK_SHARE: Final = 0.05
APART_MAX_S: Final = 2.0
"""Ticks take this share of the time, because many alerts at once take long to read and are long being sent: the cost of
an alert would grow with their number. A record that is slow for another reason is looked at after `APART_MAX_S`."""

SETTLE_SHARE: Final = 0.02
"""Of the time, for the transitions between ticks."""

LATE_MARGIN_S = 5.0
"""A late lane's alarm ends only when its ETA is this much before the deadline again, so that it does not flicker."""

_TIMED = frozenset({State.IN_REVIEW, State.SCHEDULED})
"""States whose alarms come with the time."""

LEFT_MAX = 20
"""Alerts beside the listing that are looked at in a tick: only those about which alarms stand."""


class Watcher:
    """Reads and publishes progress, and begins what is due."""

    def __init__(
        self,
        pool: Pool,
        alarms: AlarmBoard,
        entrants: LateEntrants,
        areas: Areas,
        clock: ComparedClock,
        *,
        audience_cap: int,
        disclosure: Disclosure,
        sounds: Sounds,
        wake: Callable[[], None],
        take_worked: Callable[[], set[UUID]],
        refused: RefusedRows,
    ) -> None:
        self._pool = pool
        self._clock = clock
        alerts_apart = AlertsApart(pool, refused)
        self._transitions = Transitions(pool, alerts_apart, lambda: entrants.plan, wake)
        self._reminders = Reminders(pool, alerts_apart, sounds, disclosure, wake, clock)
        self._alarms = alarms
        unreadable = UnreadableParts(alarms)
        self._listing = Listing(pool, unreadable)
        self._areas = WatchedAreas(pool, entrants, areas, unreadable)
        self._audience_cap = audience_cap
        self._disclosure = disclosure
        self._refused = refused
        self._changed_event = asyncio.Event()
        self._seen: dict[UUID, ListedAlert] = {}
        self._decisions: dict[UUID, int] = {}
        self._meter = Meter(clock)
        self._rates = RateHistory(pool)
        self._busy = BusyAlerts(take_worked)
        self._apart_s = 0.0
        self._stopping = Stopping()
        self._warnings = AlertWarnings(alarms, audience_cap, disclosure, clock)
        self.current: dict[UUID, AlertProgress] = {}
        self.publish: Callable[[AlertProgress], None] = lambda _: None
        self.tick_s: Callable[[], float] = lambda: TICK_S

    @property
    def listed(self) -> dict[UUID, ListedAlert]:
        """The alerts that are watched, as they were read last."""
        return self._listing.alerts

    def wake(self) -> None:
        """Look again now: there may be a new alert."""
        self._changed_event.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="ticks")
            group.create_task(self._settle_between(), name="transitions between ticks")

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._changed_event.clear()
            began_s = loop.time()
            busy = await retry_until_available(self._tick, UNAVAILABLE_ERRORS, "postgresql")
            apart_s = max(self.tick_s(), min(APART_MAX_S, (loop.time() - began_s) / WORK_SHARE))
            self._apart_s = apart_s if busy else 0.0
            try:
                async with asyncio.timeout(apart_s if busy else IDLE_TICK_S):
                    await self._changed_event.wait()
            except TimeoutError:
                continue
            # New work wakes it once; the tick still bounds how often anything is published.
            await asyncio.sleep(apart_s)

    async def _settle_between(self) -> None:
        """Make transitions between ticks that are far apart: an alert is `sent` soon after the last of it is."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            if self._apart_s > 2 * TICK_S:
                await retry_until_available(self._transitions.settle, UNAVAILABLE_ERRORS, "postgresql")
            await asyncio.sleep(max(TICK_S, min(APART_MAX_S, (loop.time() - began_s) / SETTLE_SHARE)))

    async def _tick(self) -> bool:
        again = await self._transitions.sweep_again() | await self._reminders.look()
        await self._transitions.settle()
        read = await self._listing.read(self._busy.due() | again)
        await self._areas.watch([alert for alert in self.listed.values() if alert.state in LIVE])
        busy = {alert.id for alert in self.listed.values() if alert.busy or alert.state == State.SENDING}
        busy |= self._stopping.look(self.listed.values(), self._busy.ids)
        moved = {alert.id for alert in read if self._changed(alert)}
        # Once more after a pass is through, for what it found last.
        stale = [alert for alert in read if alert.id in busy | self._busy.ids | moved]
        counts, unread = await self._counts([alert.id for alert in stale])
        stale = [alert for alert in stale if alert.id not in unread]
        self._busy.note(busy, {alert.id for alert in read}, self.listed.keys())
        by_alert: dict[UUID, list[Counts]] = {}
        for row in counts:
            by_alert.setdefault(row.alert_id, []).append(row)
        planned = await self._planned(counts)
        for alert in stale:
            reminders = [one for one in planned if one.alert_id == alert.id]
            rows, decisions = by_alert.get(alert.id, []), self._decisions.get(alert.id, 0)
            progress = self._meter.progress(alert, rows, reminders, decisions=decisions)
            if self.current.get(alert.id) != progress:
                self.current[alert.id] = progress
                self._check_deadline(progress, alert)
                self._rates.take(progress)
                self.publish(progress)
        waiting = [alert for alert in self.listed.values() if alert.state in _TIMED or alert.held]
        self._warnings.look({alert.id: alert for alert in (*read, *waiting)}.values(), self.current)
        await self._look_again({str(alert_id) for alert_id in self.listed})
        await self._check_cap(stale, by_alert)
        for gone in self.current.keys() - self.listed.keys():
            del self.current[gone]
        self._rates.keep({*self.listed})
        await self._rates.write()
        self._seen = {alert_id: seen for alert_id, seen in self._seen.items() if alert_id in self.listed}
        self._decisions = {alert_id: made for alert_id, made in self._decisions.items() if alert_id in self.listed}
        return bool(busy)

    async def _counts(self, alert_ids: list[UUID]) -> tuple[list[Counts], set[UUID]]:
        """Read the counts of alerts; returns with them of which alerts none could be read."""
        found: list[Counts] = []
        unread = {*alert_ids}

        async def read(some: Sequence[UUID]) -> None:
            found.extend(await sql.progress.read_counts(self._pool, [*some], self._disclosure.people_min))
            unread.difference_update(some)

        for alert_id, error in (await apart(read, alert_ids) if alert_ids else {}).items():
            self._refused.note((Of.COUNTS, alert_id), EVERY_LANE, alert_id, error)
        for alert_id in {*alert_ids} - unread:
            self._refused.taken((Of.COUNTS, alert_id))
        return found, unread

    async def _planned(self, counts: list[Counts]) -> list[PlannedReminder]:
        """Read the reminders of those alerts that have some."""
        alerts = {row.alert_id for row in counts if row.notice == Notice.REMINDER}
        return await sql.reminders.planned(self._pool, [*alerts]) if alerts else []

    async def _look_again(self, listed: set[str]) -> None:
        """End the alarms about alerts that left the listing, which does not have all that are over."""
        for alert in [*self._alarms.alerts - listed][:LEFT_MAX]:
            found = await sql.progress.list_alerts(self._pool, UUID(alert))
            if not found or (found[0].state in OVER and not found[0].held):
                self._alarms.clear_alert(alert)
            else:
                self._warnings.look(found, self.current)

    async def _check_cap(self, alerts: list[ListedAlert], counts: Mapping[UUID, list[Counts]]) -> None:
        """Hold alerts that have reached as many people as the cap, or their release, allows."""
        over = [
            alert.id
            for alert in alerts
            if sum(row.settled for row in counts.get(alert.id, ()) if row.notice == Notice.ALERT) >= self._cap(alert)
        ]
        if not over:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            held = await sql.rings.hold_over_cap(connection, over, self._audience_cap)
            events = (
                AuditEvent(actor=SYSTEM.label, action="hold", alert=alert.id, details={"people_max": self._cap(alert)})
                for alert in alerts
                if alert.id in held
            )
            await sql.audit.append(connection, *events)

    def _cap(self, alert: ListedAlert) -> int:
        return alert.audience_max or self._audience_cap

    def _changed(self, alert: ListedAlert) -> bool:
        """Tell whether anything began or was decided since the last look; counts decisions.

        A little may be through before the next look, and what was decided may be taken back: then the alert stands as
        before, but a page that was written meanwhile does not.
        """
        before = self._seen.get(alert.id)
        self._seen[alert.id] = alert
        if before is None:
            return True
        is_decided = before.standing != alert.standing or (
            before.changed != alert.changed and before.swept == alert.swept
        )
        self._decisions[alert.id] = self._decisions.get(alert.id, 0) + is_decided
        return is_decided or before.swept != alert.swept

    def _check_deadline(self, progress: AlertProgress, alert: ListedAlert) -> None:
        now = self._clock.now()
        # A ring that came due later has its own thirty minutes.
        deadline = max((ring.deadline for ring in alert.rings if ring.due_at <= now), default=progress.deadline)
        name = str(progress.alert)
        for lane, state in progress.lanes.items():
            if progress.state != State.SENDING:
                self._alarms.clear(AlarmKind.LATE, lane, name)
            elif now > deadline or (state.eta is not None and state.eta > deadline):
                late_s = ((state.eta or now) - deadline).total_seconds()
                by = "" if self._disclosure.is_few(state.sent) else f"{late_s:.0f} s "
                detail = f"{by}past the deadline at the present rate"
                self._alarms.raise_alarm(AlarmKind.LATE, lane, name, detail, alert.case)
            elif state.eta is not None and state.eta < deadline - timedelta(seconds=LATE_MARGIN_S):
                self._alarms.clear(AlarmKind.LATE, lane, name)
