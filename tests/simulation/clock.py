"""The virtual time of a simulation: one event loop in which several processes run, freeze, die and come back.

Time jumps to the next timer. Every handle belongs to the process in whose context it was made (`PROCESS`), or to the
world outside of all processes. What comes due of a frozen process is set aside until it thaws; a process whose machine
is suspended does not even see its clock go on. Bounded: `STEPS_MAX` handles a run, so that no loop spins for ever.
"""

# asyncio keeps the loop's and the timers' own names out of its types.
# mypy: disable-error-code="attr-defined, override"

from __future__ import annotations

import asyncio
import heapq
from asyncio import Handle, TimerHandle
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable

    Callback = Callable[..., Any]

START_S: Final = 1000.0
STEPS_MAX: Final = 3_000_000

PROCESS: ContextVar[Running | None] = ContextVar("simulated process", default=None)
"""The process that runs now; None is the world outside: stores, providers, operators, phones."""


class Running:
    """A simulated process as the loop knows it.

    `behind_s`: for how long its machine was suspended, which its monotonic clock does not know of.
    """

    def __init__(self) -> None:
        self.stopped = False
        self.behind_s = 0.0
        self.aside: list[Handle] = []


class OwnTimer(TimerHandle):
    """A timer that remembers when it is due by the clock of its own process."""

    own_when_s: float

    def when(self) -> float:
        """Return when it is due, as its process reads the clock."""
        return self.own_when_s


class NumberedTask(asyncio.Task[Any]):
    """A task whose hash is its number: sets of tasks have one order in every run."""

    def __new__(cls, *_: object, loop: SimulatedLoop, **__: object) -> Self:
        """Number it before it is put into the first set."""
        task = super().__new__(cls)
        loop.tasks += 1
        task.number = loop.tasks
        return task

    number: int

    def __hash__(self) -> int:
        return self.number


class StalledError(Exception):
    """Nothing is left to wait for, or a loop spins without end: a fault of the simulation or an endless loop."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop on virtual time."""

    _scheduled: list[tuple[float, int, OwnTimer]]
    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self.now_s = START_S
        self.steps = 0
        self.tasks = 0
        self.timers = 0
        self.set_task_factory(_numbered)
        self.outside = copy_context()

    def time(self) -> float:
        """Return the seconds that the running process reads."""
        running = PROCESS.get()
        return self.now_s if running is None else self.now_s - running.behind_s

    def call_at(self, when: float, callback: Callback, *args: object, context: Context | None = None) -> OwnTimer:
        """Set a timer by the clock of the process that sets it."""
        timer = OwnTimer(when, callback, args, self, context)
        timer.own_when_s = when
        running = _process_of(timer)
        if running is not None:
            timer._when = when + running.behind_s
        self._set(timer)
        return timer

    def call_later(self, delay: float, callback: Callback, *args: object, context: Context | None = None) -> OwnTimer:
        """Set a timer."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def later_outside(self, delay_s: float, callback: Callback, *args: object) -> OwnTimer:
        """Set a timer that belongs to no process."""
        return self.call_at(self.now_s + delay_s, callback, *args, context=self.outside)

    def call_soon_threadsafe(self, callback: Callback, *args: object, context: Context | None = None) -> Handle:
        """Call soon; there are no threads here."""
        return self.call_soon(callback, *args, context=context)

    def thaw(self, running: Running, suspended_s: float = 0.0) -> None:
        """Let a process go on; `suspended_s`: its clock stood still for so long."""
        running.stopped = False
        aside, running.aside = running.aside, []
        if suspended_s:
            running.behind_s += suspended_s
            timers = [timer for _, _, timer in sorted(self._scheduled)]
            self._scheduled.clear()
            for timer in timers:
                if _process_of(timer) is running:
                    timer._when += suspended_s
                self._set(timer)
        for handle in aside:
            if suspended_s and isinstance(handle, OwnTimer):
                handle._when = handle.own_when_s + running.behind_s
                self._set(handle)
            else:
                self._ready.append(handle)

    def _set(self, timer: OwnTimer) -> None:
        """Put a timer into the order of the times, and of the timers of one time."""
        self.timers += 1
        heapq.heappush(self._scheduled, (timer._when, self.timers, timer))

    def _run_once(self) -> None:
        """Run what is due; when nothing is, go on to the next timer."""
        scheduled, ready = self._scheduled, self._ready
        while scheduled and scheduled[0][2]._cancelled:
            heapq.heappop(scheduled)
        if not ready and not self._stopping:
            if not scheduled:
                raise StalledError("all tasks wait and no timer is set")
            self.now_s = max(self.now_s, scheduled[0][0])
        while scheduled and scheduled[0][0] <= self.now_s:
            ready.append(heapq.heappop(scheduled)[2])
        self.steps += len(ready)
        if self.steps > STEPS_MAX:
            raise StalledError("too many steps: something spins")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            running = handle._context.get(PROCESS)
            if running is not None and running.stopped:
                running.aside.append(handle)
            else:
                handle._run()

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """Forget a cancelled timer: it is dropped when its time comes."""

    def _process_events(self, event_list: list[tuple[selectors.SelectorKey, int]]) -> None:
        """Do nothing: there are no sockets."""

    def _write_to_self(self) -> None:
        """Do nothing: there are no threads to wake."""


def _numbered(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> NumberedTask:  # noqa: ANN401 - as asyncio
    assert isinstance(loop, SimulatedLoop)
    return NumberedTask(work, loop=loop, **named)


def _process_of(handle: Handle) -> Running | None:
    found: Running | None = handle._context.get(PROCESS)
    return found
