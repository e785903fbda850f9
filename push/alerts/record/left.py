"""What cannot be deleted now is left for later, and is an alarm from the second time on.

Bounded: one entry for each alert that is due and cannot be deleted; `LEFT_MAX` a look, each again after `AGAIN_LOOKS`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE

if TYPE_CHECKING:
    from uuid import UUID

    from push.alarms import AlarmBoard

AGAIN_LOOKS: Final = 10
"""Looks until what could not be deleted is tried again: others have their turn meanwhile."""

LEFT_MAX: Final = 20
"""Objects that do not answer take seconds for each alert: all else has its turn after so many at the latest."""


class _Left(msgspec.Struct):
    """An alert of which something could not be deleted: how often, and when it is tried again (loop time)."""

    failures: int
    again_at: float


class LeftAlerts:
    """The alerts of which one kind of data could not be deleted."""

    def __init__(self, alarms: AlarmBoard, look_s: float) -> None:
        self._alarms = alarms
        self._again_s = AGAIN_LOOKS * look_s
        self._left: dict[UUID, _Left] = {}
        self._tried: list[UUID] = []
        self._left_now = 0

    def begin_look(self) -> None:
        """Begin a look: note what it has to try again."""
        self._tried = [alert_id for alert_id, left in self._left.items() if left.again_at <= _loop_s()]
        self._left_now = 0

    @property
    def is_full(self) -> bool:
        """Tell whether this look has left so many that it goes on with something else."""
        return self._left_now >= LEFT_MAX

    def later(self) -> list[UUID]:
        """Return the alerts that have no turn yet."""
        return [alert_id for alert_id, left in self._left.items() if left.again_at > _loop_s()]

    def leave(self, alert_id: UUID, detail: str) -> None:
        """Leave an alert for later; `detail` says why to who has to see to it."""
        left = self._left.setdefault(alert_id, _Left(0, 0.0))
        left.failures += 1
        left.again_at = _loop_s() + self._again_s
        self._left_now += 1
        if left.failures > 1:
            self._alarms.restate(AlarmKind.DELETION_WAITS, EVERY_LANE, str(alert_id), detail)

    def end_look(self) -> None:
        """End the alarms about alerts that were tried again and are due no more: done, here or elsewhere."""
        if self.is_full:
            return
        for alert_id in [one for one in self._tried if self._left[one].again_at <= _loop_s()]:
            del self._left[alert_id]
            self._alarms.clear(AlarmKind.DELETION_WAITS, EVERY_LANE, str(alert_id))


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
