"""What the record holds of an alert and this process cannot read: it is left out with an alarm, and all else goes on.

Damaged, or of another version. Bounded: the alerts that are listed, and one alarm for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from push.alarm_kinds import AlarmKind
from push.alarms import EVERY_LANE

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from push.alarms import AlarmBoard
    from sql.progress import ListedAlert

AREA: Final = "area"
ESTIMATE: Final = "estimate"


class UnreadableParts:
    """Which parts of which alerts cannot be read."""

    def __init__(self, alarms: AlarmBoard) -> None:
        self._alarms = alarms
        self._parts: dict[UUID, set[str]] = {}

    def having(self, part: str) -> set[UUID]:
        """Return the alerts of which a part cannot be read."""
        return {alert_id for alert_id, parts in self._parts.items() if part in parts}

    def leave_out(self, alert: ListedAlert, part: str) -> None:
        """Say that a part of an alert cannot be read."""
        parts = self._parts.setdefault(alert.id, set())
        if part in parts:
            return
        parts.add(part)
        self._say(alert.id, alert.case)

    def readable(self, alert_id: UUID, part: str) -> None:
        """Say that a part of an alert can be read, or is of no use any more."""
        if part in self._parts.get(alert_id, ()):
            self._parts[alert_id].discard(part)
            self._say(alert_id, "")

    def keep(self, alert_ids: AbstractSet[UUID]) -> None:
        """Forget all other alerts."""
        for gone in self._parts.keys() - alert_ids:
            self._parts[gone].clear()
            self._say(gone, "")

    def _say(self, alert_id: UUID, case: str) -> None:
        parts = self._parts[alert_id]
        if not parts:
            del self._parts[alert_id]
            self._alarms.clear(AlarmKind.UNREADABLE_DATA, EVERY_LANE, str(alert_id))
            return
        detail = f"what cannot be read of it is left out: {', '.join(sorted(parts))}"
        self._alarms.restate(AlarmKind.UNREADABLE_DATA, EVERY_LANE, str(alert_id), detail, case)
