"""Alarms as several processes have them: what is the same is one, with who has taken it.

Pure; bounded by the alarms.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from push.alarm_kinds import AlarmKind, Severity
from push.alarms import Alarm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sql.alarms import AlarmRow


class Acknowledgement(msgspec.Struct, frozen=True):
    """Who has taken an alarm, and since when."""

    by: str
    at: datetime
    note: str


class AlarmProcess(msgspec.Struct, frozen=True):
    """A process of the deployment; `gone`: it does not write to the record any more."""

    name: str
    seen_at: datetime
    gone: bool


class StandingAlarm(Alarm, frozen=True, kw_only=True):
    """An alarm as all processes together have it.

    `processes`: in which it stands; `gone`: all of them are gone, so that nobody knows whether it still does.
    """

    severity: Severity
    acknowledged: Acknowledgement | None = None
    processes: tuple[str, ...] = ()
    gone: bool = False


KNOWN_KINDS: Final = {kind.value: kind for kind in AlarmKind}
"""A server of a later version may write others."""

T = TypeVar("T", bound=StandingAlarm)
_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


def by_severity(alarms: Iterable[T]) -> list[T]:
    """Return alarms as a desk reads them: those that nobody has first, then the worst, then the oldest."""
    return sorted(alarms, key=lambda one: (one.acknowledged is not None, _RANK[one.severity], one.at))


def worst_first(alarm: Alarm) -> tuple[int, datetime]:
    """Return by what alarms of a process are sorted, where not all of them can be written."""
    return _RANK[alarm.kind.severity], alarm.at


def add(found: dict[bytes, StandingAlarm], alarm: Alarm, row: AlarmRow | None, process: str, *, gone: bool) -> None:
    """Add an alarm of a process to what stands by its subject."""
    taken = None
    if row is not None and row.acknowledged_at is not None and row.acknowledged_by is not None:
        taken = Acknowledgement(row.acknowledged_by, row.acknowledged_at, row.note)
    known = found.get(alarm.subject)
    if known is None:
        of_alarm = {name: getattr(alarm, name) for name in Alarm.__struct_fields__}
        found[alarm.subject] = StandingAlarm(
            **of_alarm, severity=alarm.kind.severity, acknowledged=taken, processes=(process,), gone=gone
        )
        return
    found[alarm.subject] = msgspec.structs.replace(
        known,
        at=min(known.at, alarm.at),
        acknowledged=known.acknowledged or taken,
        processes=known.processes if process in known.processes else (*known.processes, process),
        gone=known.gone and gone,
    )


def alarm_of(row: AlarmRow) -> Alarm:
    """Return the alarm of a row; KeyError for a kind that is none of `KNOWN_KINDS`."""
    alert = None if row.alert is None else str(row.alert)
    kind = KNOWN_KINDS[row.kind]
    return Alarm(kind, row.lane, alert, row.detail, raised=True, at=row.raised_at, about=row.about, id=row.id)
