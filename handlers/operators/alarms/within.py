"""The alarms that somebody may read about.

Bounded by the alarms that stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from handlers.operators.alarms.answers import ShownAlarm
from push.notice import Status
from push.standing_alarms import by_severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.operators.scope import Scope
    from push.alarms import Alarm
    from push.alerts.watch.watcher import Watcher
    from push.shared_alarms import SharedAlarms
    from push.standing_alarms import StandingAlarm


class AlarmsWithin:
    """The alarms of all processes by what a scope has."""

    def __init__(self, shared: SharedAlarms, watcher: Watcher) -> None:
        self.shared = shared
        self._watcher = watcher

    def of(self, scope: Scope) -> list[ShownAlarm]:
        """Return the alarms within a scope, those that nobody has first, then the worst, then the oldest."""
        countersigned = self._countersigned()
        shown = (
            self.shown(one)
            for one in self.shared.standing
            if scope.shows_alarm(one, countersigned.get(one.alert or "", ()))
        )
        return by_severity(shown)

    def has(self, scope: Scope, alarm: Alarm) -> bool:
        """Tell whether an alarm is within a scope."""
        return scope.shows_alarm(alarm, self._countersigned().get(alarm.alert or "", ()))

    def shown(self, alarm: StandingAlarm) -> ShownAlarm:
        """Return an alarm with the status of its alert, as far as that is watched here."""
        progress = None if alarm.alert is None else self._watcher.current.get(UUID(alarm.alert))
        of_alarm = {name: getattr(alarm, name) for name in type(alarm).__struct_fields__}
        of_alarm["status"] = None if progress is None else Status(progress.status)
        return ShownAlarm(**of_alarm)

    def _countersigned(self) -> dict[str, Sequence[str]]:
        """Return the other authorities of each alert that has some."""
        return {str(one.alert): one.countersigned for one in self._watcher.current.values() if one.countersigned}
