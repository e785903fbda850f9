"""Progress of an alert by lane and ring, with rates and ETAs, from the record's counts.

Bounded: `WINDOW_S` seconds of samples a lane and alert, or two; forgotten when the alert is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from push.alerts.estimate import read_estimate
from push.alerts.places import outermost
from push.notice import WITH_SOUND, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.clock import ComparedClock
    from sql.progress import Counts, ListedAlert
    from sql.reminders import PlannedReminder

WINDOW_S = 5.0


class RingProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One ring in one lane: who stood in it when it was searched, those of nearer rings included, and by outcome."""

    found: int
    sent: int
    accepted: int
    invalid: int
    refused: int
    quarantined: int
    failed: int
    opted_out: int
    entrants: int
    units: int
    units_done: int


class LaneProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one alert: recipients by outcome, recipients a second, and when it will be through."""

    found: int
    sent: int
    accepted: int
    invalid: int
    refused: int
    quarantined: int
    failed: int
    opted_out: int
    entrants: int
    rate_per_s: float
    eta: datetime | None
    units: int
    units_done: int
    rings: dict[int, RingProgress]


class NoticeProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up notice of an alert: those notified before, by lane, as far as they can be reached."""

    notice: str
    version: int
    lanes: dict[str, RingProgress]


class ReminderProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A morning reminder of an alert: from when, how many people were notified without a sound, and by lane."""

    due_at: datetime
    people: int
    lanes: dict[str, RingProgress]


class WatchedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """What progress says of an alert beside its numbers."""

    alert: UUID
    authority: str
    countersigned: list[str]
    case_number: str
    status: str
    subject_kind: str
    state: str
    received_at: datetime
    deadline: datetime
    sent_at: datetime | None
    version: int


class AlertProgress(WatchedAlert, frozen=True, kw_only=True):
    """One alert with its lanes, its follow-up notices and its morning reminders.

    `last_request_at`: when its last request was started, as far as it is recorded: after a stop, of all of them.
    `decisions`: how often this process saw that more had changed of it than its numbers.
    """

    lanes: dict[str, LaneProgress]
    notices: list[NoticeProgress]
    reminders: list[ReminderProgress]
    last_request_at: datetime | None
    decisions: int


class Meter:
    """Measures rates between one look and the next; what is due, and when all is through, by the record's clock."""

    def __init__(self, clock: ComparedClock) -> None:
        self._clock = clock
        self._samples: dict[tuple[UUID, str], deque[tuple[float, int]]] = {}

    def progress(
        self,
        alert: ListedAlert,
        rows: list[Counts],
        reminders: Sequence[PlannedReminder] = (),
        *,
        decisions: int = 0,
    ) -> AlertProgress:
        """Return one alert's progress from the counts of its sweeps."""
        lanes: dict[str, LaneProgress] = {}
        first = [row for row in rows if row.notice == Notice.ALERT]
        for lane in sorted({row.lane for row in first}):
            lanes[lane] = self._lane(alert, lane, [row for row in first if row.lane == lane])
        return AlertProgress(
            alert=alert.id,
            authority=alert.authority_id,
            countersigned=alert.countersigned,
            case_number=alert.case_number,
            status=alert.status,
            subject_kind=alert.subject_kind,
            state=alert.state,
            received_at=alert.received_at,
            deadline=alert.deadline,
            sent_at=alert.sent_at,
            version=alert.version,
            lanes=lanes,
            notices=_notices([row for row in rows if row.notice not in WITH_SOUND]),
            # One that would come after the alert's end does not come.
            reminders=[_reminder(one, rows) for one in reminders if one.due_at < alert.expires],
            last_request_at=max((row.requested_at for row in first if row.requested_at is not None), default=None),
            decisions=decisions,
        )

    def _lane(self, alert: ListedAlert, lane: str, rows: list[Counts]) -> LaneProgress:
        accepted = sum(row.accepted for row in rows)
        invalid = sum(row.invalid for row in rows)
        refused = sum(row.refused for row in rows)
        quarantined = sum(row.quarantined for row in rows)
        failed = sum(row.failed for row in rows)
        settled = accepted + invalid + refused + quarantined + failed
        # Each ring holds those before it around the same place, so that the widest has found them all; of several
        # places it is at least that many.
        found = max([settled, *(row.found for row in rows)])
        rate_per_s = self._rate(alert, lane, settled)
        eta: datetime | None = None
        if alert.state == "sending":
            expected = max(_expected(alert, lane, rows, self._clock.now()), settled)
            if rate_per_s > 0:
                eta = self._clock.now() + timedelta(seconds=(expected - settled) / rate_per_s)
        else:
            eta = alert.sent_at
            self._samples.pop((alert.id, lane), None)
        return LaneProgress(
            found=found,
            sent=settled,
            accepted=accepted,
            invalid=invalid,
            refused=refused,
            quarantined=quarantined,
            failed=failed,
            # As with those found.
            opted_out=max(row.opted_out for row in rows),
            entrants=sum(row.entrants for row in rows),
            rate_per_s=round(rate_per_s, 1),
            eta=eta,
            units=sum(row.units for row in rows),
            units_done=sum(row.units_done for row in rows),
            rings={row.ring: _ring(row) for row in rows},
        )

    def _rate(self, alert: ListedAlert, lane: str, settled: int) -> float:
        now_s = asyncio.get_running_loop().time()
        samples = self._samples.setdefault((alert.id, lane), deque())
        samples.append((now_s, settled))
        # Of an alert that is read more rarely, since it was read last.
        while len(samples) > 2 and samples[1][0] < now_s - WINDOW_S:  # noqa: PLR2004 - between two there is a rate
            samples.popleft()
        elapsed_s = now_s - samples[0][0]
        return (settled - samples[0][1]) / elapsed_s if elapsed_s > 0 else 0.0


def _notices(rows: list[Counts]) -> list[NoticeProgress]:
    versions = sorted({(row.version, row.notice) for row in rows})
    return [
        NoticeProgress(
            notice=notice, version=version, lanes={row.lane: _ring(row) for row in rows if row.version == version}
        )
        for version, notice in versions
    ]


def _reminder(planned: PlannedReminder, rows: list[Counts]) -> ReminderProgress:
    of_it = [row for row in rows if row.notice == Notice.REMINDER and row.version == planned.morning]
    return ReminderProgress(due_at=planned.due_at, people=planned.people, lanes={row.lane: _ring(row) for row in of_it})


def _ring(row: Counts) -> RingProgress:
    return RingProgress(
        found=row.found,
        sent=row.accepted + row.invalid + row.refused + row.quarantined + row.failed,
        accepted=row.accepted,
        invalid=row.invalid,
        refused=row.refused,
        quarantined=row.quarantined,
        failed=row.failed,
        opted_out=row.opted_out,
        entrants=row.entrants,
        units=row.units,
        units_done=row.units_done,
    )


def _expected(alert: ListedAlert, lane: str, rows: list[Counts], moment: datetime) -> int:
    """Guess a lane's recipients: what the searched units of the widest due rings hold, scaled up, or the estimate."""
    in_force = [ring for ring in alert.rings if ring.due_at <= moment and ring.held is None]
    due, outer = {ring.ring for ring in in_force}, {ring.ring for ring in outermost(in_force)}
    found = max((row.found for row in rows), default=0)
    widest = [row for row in rows if row.ring in outer]
    if widest and all(row.units_searched for row in widest):
        # Who stands in rings around two places is counted for both: rather late than never late.
        return max(found, sum(round(row.found * row.units / row.units_searched) for row in widest))
    estimate = read_estimate(alert.estimate)
    rings = [] if estimate is None else [ring for ring in estimate.rings if ring.ring in due]
    return max(found, sum(ring.lanes[lane].people for ring in rings if lane in ring.lanes))
