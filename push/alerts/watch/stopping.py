"""Alerts that were stopped a moment ago: what was started before is still being answered, and said of only then.

Bounded: `STOPPING_S` for each, and the alerts that are listed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from push.alerts.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from sql.progress import ListedAlert

STOPPING_S: Final = 15.0
"""A request ends within its time-out, ten seconds by default; then its unit is given back."""

STOPPED: Final = frozenset({State.PAUSED, State.CANCELLED, State.FOUND})


class Stopping:
    """Keeps until when the counts of stopped alerts are read again."""

    def __init__(self) -> None:
        self._until_s: dict[UUID, float] = {}

    def look(self, listed: Iterable[ListedAlert], were_busy: AbstractSet[UUID]) -> set[UUID]:
        """Return those of the listed alerts that were busy when they were stopped, a moment ago."""
        now_s = asyncio.get_running_loop().time()
        stopped = {alert.id for alert in listed if alert.state in STOPPED}
        self._until_s = {alert_id: until_s for alert_id, until_s in self._until_s.items() if alert_id in stopped}
        for alert_id in stopped & were_busy:
            self._until_s.setdefault(alert_id, now_s + STOPPING_S)
        return {alert_id for alert_id, until_s in self._until_s.items() if until_s > now_s}
