"""The wall clock of this process, for what is written or compared in hours of the day.

What waits or expires uses the event loop's clock. Bounded: nothing is kept. A simulation of several processes gives
each of them its own clock.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _machine_s() -> float:
    """Return the seconds since 1970 by the clock of this machine, whatever stands for it when it is asked."""
    return time.time()


WALL_CLOCK: Final[ContextVar[Callable[[], float]]] = ContextVar("wall clock", default=_machine_s)
"""What tells the seconds since 1970 in this context."""


def wall_s() -> float:
    """Return the seconds since 1970."""
    return WALL_CLOCK.get()()


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.fromtimestamp(wall_s(), UTC)
