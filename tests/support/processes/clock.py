"""An event loop whose clock jumps to the next timer when all tasks wait, so that tests never sleep.

Bounded: if all tasks wait and no timer is set, the loop raises RuntimeError instead of waiting for ever.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
START_S = 1000.0


class _Jumping(selectors.DefaultSelector):
    """A selector that advances the clock by the time that it would have waited."""

    now_s = START_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("all tasks wait and no timer is set")
        self.now_s += timeout
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on the jumping clock."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the clock's seconds."""
        return self._jumping.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a jumping clock."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)
