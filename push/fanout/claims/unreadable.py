"""What a store holds and nobody can read: it is left out, counted, alarmed, and holds up nothing else.

Bounded: `FAILURES_MAX` attempts at a unit, `PARKED_MAX` units that are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from push.alarm_kinds import AlarmKind

if TYPE_CHECKING:
    from push.alarms import AlarmBoard
    from sql.work import UnitRow

FAILURES_MAX: Final = 3
PARKED_MAX: Final = 1000
"""More units that cannot be read are no accident: they are tried again and again, and the log says so."""

_log = structlog.get_logger("push.fanout.claims.unreadable")


class Unreadable:
    """The units that failed, and those that are parked until the next start."""

    def __init__(self, alarms: AlarmBoard) -> None:
        self._alarms = alarms
        self._failures: dict[int, int] = {}
        self.parked: set[int] = set()

    def failed(self, row: UnitRow, why: str) -> bool:
        """Count a failure of a unit; True when it is to be parked."""
        if len(self._failures) >= PARKED_MAX:
            self._failures.clear()
        failures = self._failures[row.id] = self._failures.get(row.id, 0) + 1
        _log.error("unit.failed", unit=row.id, lane=row.lane, error=why, failures=failures)
        return failures >= FAILURES_MAX

    def park(self, row: UnitRow, why: str) -> None:
        """Leave a unit alone from now on."""
        self._failures.pop(row.id, None)
        if len(self.parked) < PARKED_MAX:
            self.parked.add(row.id)
        self.report(row.lane, f"unit {row.id} of alert {row.alert_id} is parked: {why}")

    def report_row(self, row: UnitRow) -> None:
        """Raise the alarm that a row of an alert's ledger cannot be read."""
        self.report(row.lane, f"a row of the ledger of alert {row.alert_id}")

    def report(self, lane: str, detail: str) -> None:
        """Raise the alarm that something stored cannot be read."""
        _log.error("data.unreadable", lane=lane, detail=detail)
        self._alarms.raise_alarm(AlarmKind.UNREADABLE_DATA, lane, None, detail)
