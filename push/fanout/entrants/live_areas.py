"""The areas of the alerts that live, as one grid: tells into which of them the reports of a request brought whom.

An alert has an area around each place where the child was. Alerts with the same area share one test. Bounded:
`ALERTS_MAX` alerts; a report that moves nobody across a rim costs the same however many there are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.grid import Grid
from geo.index.position_index import NOT_KNOWN, UNCHANGED
from geo.index.search.members import places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from numpy.typing import NDArray

    from geo.area import Area
    from geo.index.reports import Positions

ALERTS_MAX: Final = 1000


class LiveAreas:
    """What reports are held against in this process."""

    def __init__(self) -> None:
        self._alerts: dict[UUID, Area | list[Area]] = {}
        self._sharing: list[list[UUID]] = []
        self._grid = Grid([])

    def __len__(self) -> int:
        return len(self._alerts)

    async def watch(self, alerts: Mapping[UUID, Area | list[Area]]) -> None:
        """Hold reports against each alert's area, or areas, from now on, and against no others."""
        watched = dict([*alerts.items()][:ALERTS_MAX])
        if watched == self._alerts:
            return
        shared: dict[Area, list[UUID]] = {}
        for alert, parts in watched.items():
            for area in parts if isinstance(parts, list) else [parts]:
                shared.setdefault(area, []).append(alert)
        sharing = [*shared.values()]
        # Beside the loop: the first look of a process at many alerts takes some tenths of a second.
        grid = await asyncio.to_thread(Grid, [*shared])
        self._alerts, self._sharing, self._grid = watched, sharing, grid

    def entered(self, positions: Positions, befores: NDArray[np.int64]) -> list[tuple[UUID, NDArray[np.int64]]]:
        """Return the alerts into whose areas these reports brought somebody, and whom, each alert once.

        Who goes from one area of an alert into another one is among them: the ledger knows who was notified.
        `befores`: what `PositionIndex.record_from` returned for them.
        """
        rows = np.flatnonzero(befores != UNCHANGED)
        befores = befores[rows]
        now = np.array(positions.longitudes)[rows], np.array(positions.latitudes)[rows]
        known = befores != NOT_KNOWN
        users = np.array(positions.users, dtype=np.int64)[rows]
        found: dict[UUID, list[NDArray[np.int64]]] = {}
        for number, entered in self._grid.entered(places(np.maximum(befores, 0)), known, now):
            some = users[entered]
            for alert in self._sharing[number]:
                found.setdefault(alert, []).append(some)
        return [
            (alert, parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))) for alert, parts in found.items()
        ]
