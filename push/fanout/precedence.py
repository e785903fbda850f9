"""Precedence: while a signed case is filed, or an alert is acted on, no further batch is sent, and nobody searched.

A decision is some twenty questions to the stores, one after the other, and the lanes keep the event loop, the stores
and the providers as busy as they can: each question would wait behind all of them. And while first sends are searched,
passes for late entrants, exercises and tests search little: a new alert would wait for one round trip of each of them
at every one of its own. Bounded: `HOLD_S` for decisions that overlap or follow one another, then sending goes on for at
least `SENDING_SHARE` of the time; `GIVE_WAY_S` for each round trip of what comes last, `GIVE_WAY_UNIT_S` for a unit.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD_S: Final = 0.1
"""Twice what a decision takes where nothing is sent."""

MOMENT_S: Final = 0.05
"""Between two searches of a first send that nothing else holds up."""

GIVE_WAY_S: Final = 0.25
GIVE_WAY_UNIT_S: Final = 0.5
"""At each search of what comes last, and at all of a unit together: late entrants and notices of an end wait for it."""

SENDING_SHARE: Final = 0.75
"""However many decide: a quarter of a lane's rate is what they may cost."""


class Precedence:
    """Holds what sends while somebody decides, and what comes last while first sends are searched."""

    def __init__(self) -> None:
        self._deciding = 0
        self._until_s = self._next_s = float("-inf")
        self._free = asyncio.Event()
        self._searched_s = float("-inf")

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Hold what sends until the block ends, at most for `HOLD_S`, and not where it was held a moment ago."""
        began_s = self._now_s()
        self._deciding += 1
        if self._deciding == 1 and began_s >= self._next_s:
            self._until_s = began_s + HOLD_S
            self._free.clear()
        try:
            yield
        finally:
            self._deciding -= 1
            if not self._deciding:
                self._end()

    def _end(self) -> None:
        now_s = self._now_s()
        if self._until_s > self._next_s:
            held_s = HOLD_S - max(0.0, self._until_s - now_s)
            self._next_s = min(now_s, self._until_s) + held_s * SENDING_SHARE / (1 - SENDING_SHARE)
        self._until_s = now_s
        self._free.set()

    async def wait(self) -> None:
        """Return once nobody decides, or after the time that they have."""
        while self._deciding and (left_s := self._until_s - self._now_s()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._free.wait()

    async def wait_for_first_send(self) -> None:
        """Do the same before a first send is searched, to which others give way from now on."""
        await self.wait()
        self._searched_s = self._now_s()

    async def give_way(self, most_s: float = GIVE_WAY_S) -> float:
        """Wait until no first send was searched a moment ago, `most_s` at most; returns for how long."""
        began_s = self._now_s()
        while (left_s := min(self._searched_s + MOMENT_S, began_s + most_s) - self._now_s()) > 0:
            await asyncio.sleep(left_s)
        return self._now_s() - began_s

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
