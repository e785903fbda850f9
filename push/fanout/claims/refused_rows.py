"""Rows that the record refuses while it takes others: left aside for a while, with an alarm about their alert.

One damaged row, or one that breaks a rule, holds up nobody but those in it. Bounded: `ROWS_MAX` rows, of which those
refused longest ago are forgotten; a row is tried again within `ASIDE_MAX_S`; what is not tried again for `FORGOTTEN_S`
is over.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from push.alarm_kinds import AlarmKind

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from push.alarms import AlarmBoard

ASIDE_S: Final = 1.0
"""Left aside for so long after a first refusal, twice as long after each one in a row."""

ASIDE_MAX_S: Final = 7.0
"""Two statements a row in so long cost nothing, and what is mended goes on within that; less than a refusal stands
where it is not repeated (`runtime.refusals`)."""

ALARMED_FROM: Final = 2
"""A row that is refused once may be one that two processes changed in the same moment."""

ROWS_MAX: Final = 1000
FORGOTTEN_S: Final = 4 * ASIDE_MAX_S
"""Not tried for so long, another process has it, or nobody wants it any more."""

_log = structlog.get_logger("push.fanout.claims.refused_rows")


class Of(Enum):
    """What a row is of; the key with it is the id of that."""

    UNIT = "unit"
    """Its claim."""

    LEASE = "lease"
    END = "end of a unit"
    SWEEP = "sweep"
    PUT_OFF = "reminder put off"
    LEDGER = "ledger"
    """The outcomes of a unit."""

    HELD_UNIT = "unit of what is not recorded"
    HELD_SWEEP = "sweep of what is not recorded"
    """Refused for itself is neither: nothing more is sent of the alert."""

    STATE = "state"
    SWEPT_AGAIN = "pass"
    NOTICE = "pass of a notice"
    REMINDER = "reminder"
    REMINDER_AGAIN = "pass of a reminder"
    """What of an alert moves by itself; each may be refused while others are taken."""

    COUNTS = "counts"
    REMOVED = "late entrants removed"
    WAITING = "late entrants put off"
    SHOWN = "late entrants shown"
    """What is noted of late entrants; the key has their lane, too."""


Key: TypeAlias = "tuple[Of, int | UUID | tuple[str, UUID]]"


@dataclass(slots=True)
class _Row:
    lane: str
    alert_id: UUID
    refusals: int = 0
    until_s: float = 0.0
    last_s: float = 0.0


class RefusedRows:
    """The rows that are refused."""

    def __init__(self, alarms: AlarmBoard) -> None:
        self._alarms = alarms
        self._rows: dict[Key, _Row] = {}

    def note(self, key: Key, lane: str, alert_id: UUID, error: Exception, times: int = 1) -> None:
        """Leave a row aside that was refused, so many `times` in a row."""
        row = self.leave_aside(key, lane, alert_id, times)
        name, of = type(error).__name__, key[0].value
        _log.warning("row.refused", of=of, alert=str(alert_id), lane=lane, error=name, refusals=row.refusals)
        if row.refusals >= ALARMED_FROM:
            detail = f"{name}: PostgreSQL refuses rows of this alert ({of}), which wait"
            self._alarms.raise_alarm(AlarmKind.RECORD_REFUSED, lane, str(alert_id), detail)

    def leave_aside(self, key: Key, lane: str, alert_id: UUID, times: int = 1) -> _Row:
        """Leave a row aside because of others that were refused."""
        now_s = asyncio.get_running_loop().time()
        row = self._rows.pop(key, None) or _Row(lane, alert_id)
        self._rows[key] = row
        row.refusals += times
        row.last_s = now_s
        row.until_s = now_s + min(ASIDE_MAX_S, ASIDE_S * 2 ** min(row.refusals - 1, 8))
        if len(self._rows) > ROWS_MAX:
            self._drop(next(iter(self._rows)))
        return row

    def taken(self, key: Key) -> None:
        """Say that a row was taken."""
        if key in self._rows:
            self._drop(key)

    def all_taken(self, of: Of, without: Collection[UUID]) -> None:
        """Say that all rows were taken, `without` those that were left aside."""
        for key in [key for key in self._rows if key[0] is of and key[1] not in without]:
            self._drop(key)

    def aside(self, *of: Of) -> list[int]:
        """Return the ids of the units or sweeps that are left aside now."""
        return [one for one in self._aside(of) if isinstance(one, int)]

    def alerts_aside(self, *of: Of) -> list[UUID]:
        """Return the alerts that are left aside now."""
        return [one for one in self._aside(of) if not isinstance(one, int | tuple)]

    def entrants_aside(self, lane: str) -> set[UUID]:
        """Return the alerts of which entrants of a lane are left aside now."""
        ids = self._aside((Of.REMOVED, Of.WAITING))
        return {one[1] for one in ids if isinstance(one, tuple) and one[0] == lane}

    def _aside(self, of: Collection[Of]) -> list[int | UUID | tuple[str, UUID]]:
        if not self._rows:
            return []
        now_s = asyncio.get_running_loop().time()
        for key in [key for key, row in self._rows.items() if now_s - row.last_s > FORGOTTEN_S]:
            self._drop(key)
        return [key[1] for key, row in self._rows.items() if key[0] in of and row.until_s > now_s]

    def _drop(self, key: Key) -> None:
        over = self._rows.pop(key)
        if not any((one.lane, one.alert_id) == (over.lane, over.alert_id) for one in self._rows.values()):
            self._alarms.clear(AlarmKind.RECORD_REFUSED, over.lane, str(over.alert_id))
