"""Alarms: keeps those that stand, and publishes each change once to feed and log.

The log has no detail of a review: it names who proposed what.

Bounded: one alarm for each (kind, lane, alert or about); raising one that stands changes nothing, restating it may.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID, uuid4

import msgspec
import structlog

from push.alarm_kinds import AlarmKind
from runtime.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_LANE = "*"
RECORD: Final = "postgresql"
"""What alarms about the record are about."""

DECIDED_KINDS: Final = frozenset(
    {AlarmKind.REVIEW, AlarmKind.REVIEW_LATE, AlarmKind.AUDIENCE_CAP, AlarmKind.UNVERIFIED_CAP}
)
"""Their detail says what is to be decided, alike in every process: another one is something new to decide."""

LANE_KINDS = (AlarmKind.THROTTLED, AlarmKind.OUTAGE, AlarmKind.MISCONFIGURED)
"""What ends once a lane's provider answers again."""

_log = structlog.get_logger("push.alarms")


Key: TypeAlias = tuple[AlarmKind, str, str | None, str]


class Alarm(msgspec.Struct, frozen=True):
    """Something that an operator must know: `raised` False means that it is over.

    `about`: an authority or a certificate, say; for an alert its authority and case number. `id`: of this raising of it
    in one process, by which it is acknowledged.
    """

    kind: AlarmKind
    lane: str
    alert: str | None
    detail: str
    raised: bool
    at: datetime
    about: str = ""
    id: UUID = msgspec.field(default_factory=uuid4)

    @property
    def subject(self) -> bytes:
        """What it is about, as a digest: alarms of several processes that have it in common are one."""
        decided = self.detail if self.kind in DECIDED_KINDS else ""
        parts = (self.kind.value, self.lane, self.alert or "", "" if self.alert else self.about, decided)
        return hashlib.sha256(msgspec.json.encode(parts)).digest()


class AlarmBoard:
    """The alarms that stand in this process."""

    def __init__(self) -> None:
        self._standing: dict[Key, Alarm] = {}
        self.publish: Callable[[Alarm], None] = lambda _: None

    @property
    def standing(self) -> list[Alarm]:
        """All alarms that stand, oldest first."""
        return list(self._standing.values())

    def raise_alarm(self, kind: AlarmKind, lane: str, alert: str | None, detail: str, about: str = "") -> None:
        """Raise an alarm unless it stands."""
        key = _key(kind, lane, alert, about)
        if key in self._standing:
            return
        alarm = Alarm(kind, lane, alert, detail, raised=True, at=now(), about=about)
        self._standing[key] = alarm
        logged = {} if kind is AlarmKind.REVIEW else {"detail": detail}
        _log.error("alarm.raised", kind=kind.value, lane=lane, alert=alert, about=_logged(alert, about), **logged)
        self.publish(alarm)

    def restate(self, kind: AlarmKind, lane: str, alert: str | None, detail: str, about: str = "") -> None:
        """Raise an alarm, anew if it stands with another detail."""
        standing = self._standing.get(_key(kind, lane, alert, about))
        if standing is not None and standing.detail != detail:
            self.clear(kind, lane, alert, about)
        self.raise_alarm(kind, lane, alert, detail, about)

    def clear(self, kind: AlarmKind, lane: str, alert: str | None, about: str = "") -> None:
        """End an alarm, if it stands."""
        over = self._standing.pop(_key(kind, lane, alert, about), None)
        if over is None:
            return
        _log.info("alarm.cleared", kind=kind.value, lane=lane, alert=alert, about=_logged(alert, about))
        self.publish(msgspec.structs.replace(over, detail="", raised=False, at=now()))

    def is_record_away(self) -> bool:
        """Tell whether an alarm stands that PostgreSQL does not answer."""
        return any(alarm.kind is AlarmKind.STORE_AWAY and alarm.about == RECORD for alarm in self._standing.values())

    @property
    def alerts(self) -> set[str]:
        """The alerts about which alarms stand."""
        return {alarm.alert for alarm in self._standing.values() if alarm.alert is not None}

    def clear_alert(self, alert: str) -> None:
        """End every alarm about an alert, but for what the record refuses of it, which ends when it is taken."""
        for alarm in self.standing:
            if alarm.alert == alert and alarm.kind is not AlarmKind.RECORD_REFUSED:
                self.clear(alarm.kind, alarm.lane, alert)

    def lane(self, lane: str, kind: AlarmKind, detail: str) -> None:
        """Raise an alarm about a lane as a whole."""
        self.raise_alarm(kind, lane, None, detail)

    def clear_lane(self, lane: str) -> None:
        """End the alarms about a lane that works again."""
        if not self._standing:
            return
        for kind in LANE_KINDS:
            self.clear(kind, lane, None)


def _key(kind: AlarmKind, lane: str, alert: str | None, about: str) -> Key:
    """Return what identifies an alarm: for an alert its id, because a draft may lose its case number."""
    return kind, lane, alert, about if alert is None else ""


def _logged(alert: str | None, about: str) -> str:
    """Return what the log gets as `about`: nothing for an alert, because of its case number."""
    return about if alert is None else ""


def table() -> str:
    """Return the kinds as a Markdown table."""
    rows = [f"| `{kind.value}` | {kind.severity.value} | {kind.meaning} | {kind.remedy} |" for kind in AlarmKind]
    return "\n".join(["| kind | severity | means | do |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - what it is for
