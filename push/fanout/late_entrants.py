"""Late entrants: finds alerts around which a burst of reports came in.

An alert that is sent is swept again every `every_s`, and sooner after a burst: late entrants have reported from the
area. Bounded: `ALERTS_MAX` alerts watched, a count for each.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from geo.index.calls import MOVED_KEPT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from geo.area import Bounds

ALERTS_MAX = 200


NOTICES_APART_LEAST: Final = timedelta(milliseconds=2 * MOVED_KEPT_MS)
"""By then who changed lanes before or during the first sweep of a notice has stood in one for long enough."""


class LatePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How often to look for late entrants: every so often, or `gap_s` after the last time once `burst` reported."""

    every_s: float = 300.0
    burst: int = 1000
    gap_s: float = 60.0

    @property
    def every(self) -> timedelta:
        """How long between two passes without a burst."""
        return timedelta(seconds=self.every_s)

    @property
    def gap(self) -> timedelta:
        """How long between two passes at least."""
        return timedelta(seconds=self.gap_s)

    @property
    def notices_apart(self) -> timedelta:
        """How long between two passes of a follow-up notice."""
        return max(self.every, NOTICES_APART_LEAST)


class LateEntrants:
    """Counts reports from around the alerts that are sent."""

    def __init__(self, plan: LatePlan) -> None:
        self.plan = plan
        self._bounds: dict[UUID, Bounds] = {}
        self._reports: dict[UUID, int] = {}

    def watch(self, alerts: dict[UUID, Bounds]) -> None:
        """Count for these alerts from now on, and for no others."""
        self._bounds = dict(list(alerts.items())[:ALERTS_MAX])
        self._reports = {alert: self._reports.get(alert, 0) for alert in self._bounds}

    def note(self, longitudes: Sequence[float], latitudes: Sequence[float]) -> None:
        """Count reports (degrees) from around each alert."""
        if not self._bounds:
            return
        east, north = np.array(longitudes), np.array(latitudes)
        for alert, bounds in self._bounds.items():
            self._reports[alert] += int(bounds.hold(east, north).sum())

    def bursts(self) -> list[UUID]:
        """Return the alerts with a burst since they were returned last."""
        found = [alert for alert, reports in self._reports.items() if reports >= self.plan.burst]
        for alert in found:
            self._reports[alert] = 0
        return found
