"""Warnings: raises and ends alarms about alerts that wait for a person.

An alarm stands as long as its condition is true, also after a restart. Bounded by the alerts of a listing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE
from push.alerts.estimate import read_estimate
from push.alerts.lifecycle import OVER, State
from push.alerts.review import Review, approvals_needed, is_late
from push.notice import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from push.alarms import AlarmBoard
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.watch.progress import AlertProgress
    from runtime.clock import ComparedClock
    from sql.progress import ListedAlert
    from sql.rings import RingRow

FEWER_SHARE: Final = 0.8
"""Of the lower end of the estimate's interval. People who moved meanwhile make no such difference."""

NOT_SIGNED: Final = "it is not signed"


class AlertWarnings:
    """Raises and clears the alarms about what waits for a person."""

    def __init__(self, alarms: AlarmBoard, audience_cap: int, disclosure: Disclosure, clock: ComparedClock) -> None:
        self._clock = clock
        self._alarms = alarms
        self._audience_cap = audience_cap
        self._disclosure = disclosure

    def look(self, alerts: Iterable[ListedAlert], progress: Mapping[UUID, AlertProgress]) -> None:
        """Raise and clear alarms for alerts that are held, in review, or to be changed."""
        # By the record's clock, as all that is due.
        now = self._clock.now()
        for alert in alerts:
            held = [ring.ring for ring in _held(alert)]
            cap = alert.audience_max or self._audience_cap
            self._stand(
                AlarmKind.AUDIENCE_CAP,
                alert,
                f"rings {held} are held at the cap of {cap} people, by estimate or reached",
                held,
            )
            waiting = _waiting(alert)
            self._stand(AlarmKind.REVIEW, alert, waiting, waiting)
            self._stand(
                AlarmKind.PAUSED, alert, "nobody is notified until somebody resumes it", alert.state == State.PAUSED
            )
            waits = alert.state in {State.IN_REVIEW, State.PAUSED} or alert.notice_held
            distrusted = alert.distrusted_at is not None and waits
            detail = "who filed it or set it going was revoked: nobody is notified until somebody decides"
            self._stand(AlarmKind.FILER_REVOKED, alert, detail, distrusted)
            late = _late(alert, now)
            self._stand(AlarmKind.REVIEW_LATE, alert, late, late)
            unverified_messages = _unverified_messages(alert)
            self._stand(
                AlarmKind.UNVERIFIED_CAP,
                alert,
                f"UNVERIFIED CAP {unverified_messages}. Is it meant?",
                unverified_messages,
            )
            unknown = alert.estimate is None and alert.state in {State.IN_REVIEW, State.SCHEDULED, State.SENDING}
            detail = "Redis did not say in time how many people there are: the cap holds only once it is reached"
            self._stand(AlarmKind.NO_ESTIMATE, alert, detail, unknown)
            if not (alert.state == State.SENT and alert.busy):
                # While it looks for late entrants the answer is not known yet: the alarm stays as it was.
                missing = _without_recipients(alert, progress.get(alert.id), self._disclosure, now)
                self._stand(AlarmKind.NO_RECIPIENTS, alert, missing, missing)
                fewer = "" if missing else _fewer_found(alert, progress.get(alert.id), self._disclosure, now)
                self._stand(AlarmKind.FEWER_FOUND, alert, fewer, fewer)

    def _stand(self, kind: AlarmKind, alert: ListedAlert, detail: str, true: object) -> None:
        """Raise or clear an alarm; `detail` changes with what is to be decided, never with every second or person."""
        if true:
            self._alarms.restate(kind, EVERY_LANE, str(alert.id), detail, alert.case)
        else:
            self._alarms.clear(kind, EVERY_LANE, str(alert.id))


def _waiting(alert: ListedAlert) -> str:
    """Return what waits for whose approval, empty where nothing does."""
    if alert.proposal is not None:
        over = "" if alert.proposal.is_valid else ", whose token is over or revoked: a veto drops it"
        proposed = f"{alert.proposal.action}, by {alert.proposal.by}{over}"
        return f"revision {alert.revision} waits for approval ({alert.review}{_approved(alert)}): {proposed}"
    if alert.state == State.SCHEDULED and alert.send_at is not None:
        return f"goes out at {alert.send_at.isoformat(timespec='seconds')} unless somebody vetoes it"
    if alert.state != State.IN_REVIEW:
        return ""
    mark, approved = "" if alert.verified else "UNVERIFIED: ", _approved(alert)
    return f"{mark}revision {alert.revision} waits for approval ({alert.review}{approved}): nobody is notified before"


def _approved(alert: ListedAlert) -> str:
    needed = approvals_needed(Review(alert.review))
    return f", {len(alert.approvals)} of {needed} approved" if alert.approvals else ""


def _unverified_messages(alert: ListedAlert) -> str:
    """Return the unverified messages while they matter: the one that began a draft until that is approved."""
    if alert.state in OVER:
        return ""
    if not alert.unverified_messages and alert.unverified is not None and alert.state == State.IN_REVIEW:
        return f"Alert: {alert.unverified}"
    # What ends an alert first, and first what an authority may have meant: anybody sends what is not signed.
    worst = sorted(alert.unverified_messages, key=lambda one: (not one.startswith("Cancel"), one.endswith(NOT_SIGNED)))
    return "; ".join(worst)


def _held(alert: ListedAlert) -> list[RingRow]:
    """Return the rings that somebody has to release."""
    running = alert.state in {State.SENDING, State.SENT}
    return [ring for ring in alert.rings if ring.held is not None and running]


def _without_recipients(alert: ListedAlert, progress: AlertProgress | None, rule: Disclosure, now: datetime) -> str:
    """Return why an alert that is sent had no recipients, or as few as none; empty where it had some."""
    if alert.state != State.SENT or progress is None:
        return ""
    # That nobody at all is there would be said of one person, too, by an alarm that does not come.
    found = sum(lane.found for lane in progress.lanes.values())
    if found and not rule.is_few(found):
        return ""
    if not any(ring.held is None and ring.due_at <= now for ring in alert.rings):
        return ""
    if not progress.lanes:
        return "it goes to no lane: " + (
            "a test uses simulated ones only, and none is" if alert.status == Status.TEST else "none is configured"
        )
    who = "who is enrolled for exercises" if alert.status == Status.EXERCISE else "that is known of"
    return f"sent, and {rule.fewer()} {who} stands in its area"


def _fewer_found(alert: ListedAlert, progress: AlertProgress | None, rule: Disclosure, now: datetime) -> str:
    """Return how far an alert that is sent stayed below what was estimated, empty where it did not."""
    estimate = read_estimate(alert.estimate)
    if alert.state != State.SENT or alert.status != Status.ACTUAL or estimate is None or progress is None:
        return ""
    due = {ring.ring for ring in alert.rings if ring.held is None and ring.due_at <= now}
    low = sum(ring.low for ring in estimate.rings if ring.ring in due)
    found = sum(lane.found for lane in progress.lanes.values())
    at_least = rule.floored(low)
    return f"at least {at_least} were estimated" if found < FEWER_SHARE * low and at_least is not None else ""


def _late(alert: ListedAlert, now: datetime) -> str:
    """Return which decision uses up the thirty minutes, empty while there is time."""
    needs_s = _needs_s(alert)
    if alert.state in {State.IN_REVIEW, State.SCHEDULED} and is_late(alert.deadline, needs_s, now, alert.send_at):
        return f"nobody is notified, and the thirty minutes {_end(alert.deadline, now)}"
    late = [ring for ring in _held(alert) if ring.due_at <= now and is_late(ring.deadline, needs_s, now)]
    if not late:
        return ""
    deadline = min(ring.deadline for ring in late)
    return f"rings {[ring.ring for ring in late]} are held, and the thirty minutes {_end(deadline, now)}"


def _end(deadline: datetime, now: datetime) -> str:
    return f"{'end' if now < deadline else 'ended'} at {deadline.isoformat(timespec='seconds')}"


def _needs_s(alert: ListedAlert) -> float:
    """Return how long sending takes by the estimate: as long as its slowest lane."""
    estimate = read_estimate(alert.estimate)
    return max((lane.finish_s or 0.0 for lane in estimate.lanes.values()), default=0.0) if estimate is not None else 0.0
