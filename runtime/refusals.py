"""What a store refuses again and again: for how long already, and with which error.

A store that answers each question with a refusal is there, and still no work goes on. Each refusal is noted by what was
asked, and by which task asked it, until the same is taken. Bounded: `REFUSALS_MAX` notes; one that was not repeated
for `REPEATED_S` is no more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

OLD_S: Final = 5.0
"""Deadlocks, failovers and restarts are over by then; no silence without an alarm may last for ten seconds."""

REPEATED_S: Final = 8.0
"""Who waits asks again within a second, and its question takes 5 s at most."""

REFUSALS_MAX: Final = 1024


class Refused(NamedTuple):
    """Since when something is refused, when it was last, by the event loop's clock; what, and with which error."""

    since_s: float
    last_s: float
    asked: str
    error: str


class Refusals:
    """The refusals of one store that stand; `loop_s`: the event loop's clock."""

    def __init__(self, loop_s: Callable[[], float] = lambda: asyncio.get_running_loop().time()) -> None:
        self._loop_s = loop_s
        self._standing: dict[tuple[str, str], Refused] = {}

    def note(self, asked: str, error: str, asked_s: float | None = None) -> None:
        """Note that a store refused `asked` with an error of this name; `asked_s`: when it was asked, None: now."""
        now_s = self._loop_s()
        for key in ((asked, ""), (asked, _task())):
            before = self._standing.get(key)
            if before is not None and now_s - before.last_s <= REPEATED_S:
                self._standing[key] = Refused(before.since_s, now_s, asked, error)
                continue
            if len(self._standing) >= REFUSALS_MAX:
                self._drop_ended(now_s)
            if len(self._standing) < REFUSALS_MAX:
                self._standing[key] = Refused(now_s if asked_s is None else asked_s, now_s, asked, error)

    def taken(self, asked: str) -> None:
        """Note that a store took what this task asked."""
        if self._standing:
            self._standing.pop((asked, ""), None)
            self._standing.pop((asked, _task()), None)

    def oldest(self) -> Refused | None:
        """Return what is refused for `OLD_S` already, since the earliest moment; None: nothing."""
        now_s = self._loop_s()
        self._drop_ended(now_s)
        found = min(self._standing.values(), default=None)
        return None if found is None or now_s - found.since_s < OLD_S else found

    def _drop_ended(self, now_s: float) -> None:
        for key in [key for key, one in self._standing.items() if now_s - one.last_s > REPEATED_S]:
            del self._standing[key]


def _task() -> str:
    task = asyncio.current_task()
    return "" if task is None else task.get_name()
