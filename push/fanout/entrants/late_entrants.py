"""Late entrants: notes in the record whom reports bring into the areas of live alerts, and says when a pass is needed.

A report is taken whatever the record answers: whom it could not note is found by a full pass. Bounded:
`push.fanout.entrants.room`, because one by one more of them cost more than passes; `sql.entrants.NOTE_TIMEOUT_S` a
request.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import structlog

import sql.entrants
import sql.rings
from geo.index.calls import MOVED_KEPT_MS
from geo.index.shards import shards_of
from push.fanout.entrants.live_areas import LiveAreas
from push.fanout.entrants.room import ENTRIES_A_REQUEST, Room
from runtime.clock import wall_s
from sql.database import REFUSED_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from geo.index.position_index import PositionIndex
    from geo.index.reports import Positions
    from sql.database import Pool

NOTICES_APART_LEAST: Final = timedelta(milliseconds=2 * MOVED_KEPT_MS)
"""By then who changed lanes before or during the first sweep of a notice has stood in one for long enough."""

NOTICES_APART: Final = timedelta(seconds=300)
GAP: Final = timedelta(seconds=60)
"""Between two passes that are needed at once, and between the end of a first sweep and its first pass: by then every
server knows the alert, and who changed lanes meanwhile has stood in one for long enough."""

BEHIND_S: Final = 5.0
"""Which alerts live is looked at once a second."""

_log = structlog.get_logger("push.fanout.late_entrants")


class LatePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How often the areas of live alerts are swept again, for whom no event was noted."""

    every_s: float = 3600.0

    @property
    def every(self) -> timedelta:
        """How long between two passes."""
        return timedelta(seconds=self.every_s)

    @property
    def gap(self) -> timedelta:
        """How long between two passes at least, and between the first sweep and the first pass."""
        return min(self.every, GAP)

    @property
    def notices_apart(self) -> timedelta:
        """How long between two passes of a follow-up notice."""
        return max(min(self.every, NOTICES_APART), NOTICES_APART_LEAST)


class LateEntrants:
    """Takes reports, and notes who entered the area of which alert.

    `noted` and `unnoted`: entries that were, and that are left to a pass.
    """

    def __init__(self, plan: LatePlan, index: PositionIndex, pool: Pool, wake: Callable[[str], None]) -> None:
        self.plan = plan
        self.live = LiveAreas()
        self.noted = 0
        self.unnoted = 0
        self._index = index
        self._pool = pool
        self._wake = wake
        # What other processes noted, or this one before it ended, may have been lost.
        self._all_due = True
        self._due: set[UUID] = set()
        self._seen_s = self._seen_wall_s = float("-inf")
        self._room = Room()

    @property
    def is_behind(self) -> bool:
        """Whether alerts may live that reports are not held against: nobody has looked for a while."""
        unseen_s = max(asyncio.get_running_loop().time() - self._seen_s, wall_s() - self._seen_wall_s)
        return unseen_s > BEHIND_S

    async def record(self, positions: Positions) -> None:
        """Take reports into the index; returns once it is noted whom they brought into the area of a live alert."""
        if self.is_behind:
            self.want_pass()
        if not self.live:
            await self._index.record(positions)
            return
        entered = self.live.entered(positions, await self._index.record_from(positions))
        if entered:
            await self._note(positions.lane, entered)

    async def _note(self, lane: str, entered: Sequence[tuple[UUID, NDArray[np.int64]]]) -> None:
        entries = sum(users.size for _, users in entered)
        # Of 1,000 alerts in one city a request may bring millions of entries: to count whose they are takes a second.
        users = np.concatenate([users for _, users in entered]) if entries <= ENTRIES_A_REQUEST else None
        now_s = asyncio.get_running_loop().time()
        if users is None or not self._room.take(np.unique(users).size, entries, now_s):
            self.unnoted += entries
            self._due |= {alert for alert, _ in entered}
            return
        alerts = [alert for alert, some in entered for _ in range(some.size)]
        try:
            await sql.entrants.note(self._pool, lane, alerts, users.tolist(), shards_of(users).tolist())
        except REFUSED_ERRORS as error:
            _log.warning("entrants.unnoted", entries=entries, error=type(error).__name__)
            self.unnoted += entries
            self.want_pass()
            return
        self.noted += entries
        self._wake(lane)

    def want_pass(self) -> None:
        """Have every live alert swept again: somebody may have entered unseen."""
        self._all_due = True

    async def request_passes(self) -> None:
        """Bring forward the passes that are needed, once it was looked which alerts live.

        One of `sql.database.UNAVAILABLE_ERRORS`: they still are needed.
        """
        self._seen_s, self._seen_wall_s = asyncio.get_running_loop().time(), wall_s()
        if self._all_due:
            # At once: who entered unseen must not wait for long. Whoever does meanwhile wants another one.
            self._all_due = False
            try:
                await sql.rings.sweep_sooner(self._pool, None, timedelta())
            except BaseException:
                self._all_due = True
                raise
        due = [*self._due]
        if due:
            await sql.rings.sweep_sooner(self._pool, due, self.plan.gap)
            self._due -= set(due)
