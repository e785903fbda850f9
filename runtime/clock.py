"""The wall clock of this process, for what is written or compared in hours of the day.

What waits or expires uses the event loop's clock. Bounded: nothing is kept. A simulation of several processes gives
each of them its own clock.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


OFF_S: Final = 0.5
"""Far more than two clocks of one machine drift apart between comparisons, and less than anything is decided by."""


def _machine_s() -> float:
    """Return the seconds since 1970 by the clock of this machine, whatever stands for it when it is asked."""
    return time.time()


DIFFERS_S: Final = 1.0
"""Clocks that differ by more are an alarm."""

COMPARED_EVERY_S: Final = 5.0


WALL_CLOCK: Final[ContextVar[Callable[[], float]]] = ContextVar("wall clock", default=_machine_s)
"""What tells the seconds since 1970 in this context."""


def wall_s() -> float:
    """Return the seconds since 1970."""
    return WALL_CLOCK.get()()


class ComparedClock:
    """The clock of another machine, so that all processes that compare theirs with it read the same time.

    Before the first comparison it is that of this machine. A virtual machine that was paused, or a wall clock that was
    set, is off by that until the next comparison, which `is_off` asks for.
    """

    def __init__(self) -> None:
        self._of_loop_s: float | None = None
        self._of_wall_s = 0.0
        self.uncertain_s = 0.0

    def compare(self, there_s: float, uncertain_s: float = 0.0) -> None:
        """Take over the seconds since 1970 that the other machine reads now, give or take `uncertain_s`."""
        self.uncertain_s = uncertain_s
        self._of_loop_s = there_s - asyncio.get_running_loop().time()
        self._of_wall_s = there_s - wall_s()

    @property
    def is_off(self) -> bool:
        """Whether the two clocks of this machine went on differently since the last comparison, or there was none."""
        if self._of_loop_s is None:
            return True
        by_loop_s, by_wall_s = asyncio.get_running_loop().time() + self._of_loop_s, wall_s() + self._of_wall_s
        return abs(by_loop_s - by_wall_s) > OFF_S

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def now_ms(self) -> int:
        """Return the milliseconds since 1970."""
        if self._of_loop_s is None:
            return int(wall_s() * 1000)
        # After a pause only the wall clock is right; after it was set back only the other one.
        return int(max(asyncio.get_running_loop().time() + self._of_loop_s, wall_s() + self._of_wall_s) * 1000)


RECORD_CLOCK: Final[ContextVar[ComparedClock | None]] = ContextVar("record's clock", default=None)
"""The clock of the record in the tasks of a server: by it requests are too old, and moments still to come."""


def record_now() -> datetime:
    """Return the present moment in UTC by the record's clock; where there is none, by that of this process."""
    clock = RECORD_CLOCK.get()
    return now() if clock is None else clock.now()


def record_s() -> float:
    """Return the seconds since 1970 by the same clock, which what is signed for others says."""
    return record_now().timestamp()


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.fromtimestamp(wall_s(), UTC)
