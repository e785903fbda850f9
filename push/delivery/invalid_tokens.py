"""Invalid tokens: removes them from the index, or stops the lane when there are too many.

When more than a share of the tokens come back invalid, our configuration is at fault and not the tokens: the lane
stops, no token is removed, and the refused recipients are due again. So a removal waits until as many others were
answered as that judgement needs, or, where there are not so many, until nothing is answered any more and the share so
far is good. Bounded: `PENDING_MAX` removals wait; beyond them a dead token stays until it is found dead again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog

from geo.connection import UNAVAILABLE_ERRORS
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS as RECORD_UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from geo.index.devices import DeadToken
    from geo.index.position_index import PositionIndex

PENDING_MAX = 100_000
POLL_INTERVAL_S = 0.5
IDLE_LOOKS = 4
"""Looks in a row without an answer after which a lane counts as idle."""

WINDOW_COUNTS = 4
"""The window forgets half of what it holds at so many times the minimum count."""

_log = structlog.get_logger("push.delivery.invalid_tokens")


class InvalidTokens:
    """One lane's invalid tokens."""

    def __init__(
        self,
        lane: str,
        index: PositionIndex,
        *,
        share_max: float,
        count_min: int,
        stop: Callable[[str], None],
        reopen: Callable[[], Awaitable[int]],
        start: Callable[[], None] = lambda: None,
    ) -> None:
        self._lane = lane
        self._index = index
        self.share_max = share_max
        self.count_min = count_min
        self._stop = stop
        self._start = start
        self._restarting = False
        self._reopen = reopen
        self._reopened = (0, False)
        self._answered = 0.0
        self._invalid = 0.0
        self._answered_ever = 0
        self._pending: deque[tuple[int, DeadToken]] = deque()
        self.removed = 0
        self.tripped = False

    def observe(self, answered: int, invalid: int, dead: Sequence[DeadToken]) -> None:
        """Note the answers to one request: how many, how many of these invalid or ambiguous, and whom to remove."""
        self._answered += answered
        self._invalid += invalid
        self._answered_ever += answered
        if self.tripped:
            return
        self._pending.extend((self._answered_ever, one) for one in dead[: PENDING_MAX - len(self._pending)])
        if self._answered < self.count_min:
            return
        share = self._share
        if share > self.share_max:
            self.tripped = True
            self._pending.clear()
            self._stop(
                f"{share:.0%} of the tokens come back invalid; none was removed; correct it, then SIGHUP or a start"
            )
        elif self._answered > WINDOW_COUNTS * self.count_min:
            self._answered /= 2
            self._invalid /= 2

    def restart(self) -> None:
        """Let a lane that was stopped start again, once all that were refused are due again."""
        self._restarting = self.tripped

    @property
    def _share(self) -> float:
        return self._invalid / self._answered if self._answered else 0.0

    async def run(self) -> None:
        """Remove what is judged, until cancelled."""
        seen, idle = 0, 0
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            idle = idle + 1 if self._answered_ever == seen else 0
            seen = self._answered_ever
            if self.tripped:
                await self._take_back((seen, idle >= IDLE_LOOKS))
                if self._restarting and idle >= IDLE_LOOKS:
                    self._begin_anew()
            else:
                await self._remove(all_pending=idle >= IDLE_LOOKS and self._share <= self.share_max)

    def _begin_anew(self) -> None:
        self._restarting = self.tripped = False
        self._answered = self._invalid = 0.0
        self._start()

    async def end(self) -> None:
        """Let the recipients refused last be due again; the caller bounds the time."""
        if self.tripped:
            await retry_until_available(self._reopen, RECORD_UNAVAILABLE_ERRORS, "postgresql")

    async def _take_back(self, so_far: tuple[int, bool]) -> None:
        """Let refused recipients be due again, once what was being sent stands in the record, too."""
        if so_far == self._reopened:
            return
        self._reopened = so_far
        due = await retry_until_available(self._reopen, RECORD_UNAVAILABLE_ERRORS, "postgresql")
        _log.info("tokens.reopened", lane=self._lane, due=due)

    async def _remove(self, *, all_pending: bool) -> None:
        judged: list[DeadToken] = []
        while self._pending and (all_pending or self._answered_ever - self._pending[0][0] >= self.count_min):
            judged.append(self._pending.popleft()[1])
        if not judged:
            return
        try:
            removed = await self._index.drop(self._lane, judged)
        except (*UNAVAILABLE_ERRORS, TimeoutError) as error:
            # They stay in the index, and the next message finds them dead again.
            _log.warning("tokens.not_removed", lane=self._lane, error=type(error).__name__)
            return
        self.removed += removed
        _log.info("tokens.removed", lane=self._lane, removed=removed, kept=len(judged) - removed)
