"""Faults: processes that freeze, are suspended, die, come back; clocks that step; providers that fail.

Bounded: each ends within `store_faults.FAULT_S`, or at `heal`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from tests.simulation.world.process import LANES
from tests.simulation.world.store_faults import TAIL_S, StoreFaults, fault_s, some_process
from tests.simulation.world.worst_moments import WorstMoments

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.world import World

CORRECTED_S: Final = 60.0
OUTAGE_S: Final = 17.0
FOR_EVER_S: Final = 1e9


class Faults:
    """What goes wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._frozen: list[SimulatedProcess] = []
        self._stores = StoreFaults(world)
        every = (
            self._freeze,
            self._freeze,
            self._suspend,
            self._kill,
            self._kill,
            self._leave,
            self._wall_steps,
            self._stores.redis_clock_steps,
            self._stores.record_down,
            self._stores.record_hangs,
            self._stores.record_flaky,
            self._stores.record_full,
            self._stores.rows_refused,
            self._stores.record_crashes,
            self._stores.record_goes_back,
            self._stores.notifications_lost,
            self._stores.redis_fails,
            self._stores.redis_fails,
            self._stores.redis_emptied,
            self._provider_fails,
            self._provider_fails,
            self._outage,
            self._outage,
        )
        self._kinds = every if world.only is None else (self._named(world.only),)

    def _named(self, name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return one fault of the stores, or one worst moment."""
        of = self._stores if hasattr(self._stores, name) else WorstMoments(self._world)
        return cast("Callable[[], Coroutine[Any, Any, None]]", getattr(of, name))

    async def one(self) -> None:
        """Let one thing go wrong for a while."""
        await self._random.choice(self._kinds)()

    async def under_a_stop(self) -> None:
        """Let something go wrong that makes a stop hard to hear, or hides what was sent right before it."""
        kinds = (
            self._stores.notifications_lost,
            self._stores.record_hangs,
            self._freeze_long,
            self._leave_cut_off,
            self._ambiguous,
            self._stores.record_goes_back,
            self._nothing,
        )
        await self._random.choice(kinds)()

    def thaw(self) -> None:
        """Let go on what froze for long."""
        for process in self._frozen:
            if not process.over:
                self._world.note(f"{process} thaws after long")
                self._world.disrupted(process, "thawed", TAIL_S)
                self._world.loop.thaw(process)
        self._frozen.clear()

    def heal(self) -> None:
        """End all faults."""
        world = self._world
        world.record.faults.__init__()  # type: ignore[misc] # as new
        world.redis.faults.__init__()  # type: ignore[misc] # as new
        for lane in LANES:
            world.providers[lane].__init__()  # type: ignore[misc] # as new
        if not world.living:
            world.begin_process()
        world.note("no faults any more")

    async def _freeze(self) -> None:
        """SIGSTOP, and SIGCONT later: its clock goes on."""
        if (process := some_process(self._world)) is not None:
            await self._stand_still(process, "frozen", fault_s(self._random))
            self._world.loop.thaw(process)

    async def _nothing(self) -> None:
        """Let the stop alone come in the middle of a send."""

    async def _freeze_long(self) -> None:
        """One freezes with requests on their way, and thaws when all is over."""
        process = some_process(self._world)
        if process is not None:
            self._world.note(f"{process} freezes for long")
            process.stopped = True
            self._world.disrupted(process, "frozen", FOR_EVER_S)
            self._frozen.append(process)
            if not self._world.living:
                self._world.begin_process()

    async def _ambiguous(self) -> None:
        """Providers accept, and their answers are lost."""
        for lane in LANES:
            self._world.providers[lane].ambiguous = 1.0
        self._world.note("the answers of all providers are lost for 1.5 s")
        await asyncio.sleep(1.5)
        for lane in LANES:
            self._world.providers[lane].ambiguous = 0.0

    async def _leave_cut_off(self) -> None:
        """One leaves while its provider answers late, so that the grace time is not enough."""
        for lane in LANES:
            self._world.providers[lane].slow = 1.0
        await asyncio.sleep(0.4)
        await self._leave()
        for lane in LANES:
            self._world.providers[lane].slow = 0.0

    async def _suspend(self) -> None:
        """Its machine is suspended: its clock stands still."""
        if (process := some_process(self._world)) is not None:
            for_s = fault_s(self._random)
            await self._stand_still(process, "suspended", for_s)
            self._world.loop.thaw(process, for_s)
            process.skew_s -= for_s
            process.resumed_s = process.now_s

    async def _stand_still(self, process: SimulatedProcess, how: str, for_s: float) -> None:
        self._world.note(f"{process} is {how} for {for_s:.1f} s")
        process.stopped = True
        self._world.disrupted(process, how, for_s + TAIL_S)
        await asyncio.sleep(for_s)
        self._world.note(f"{process} goes on")

    async def _kill(self) -> None:
        process = some_process(self._world)
        if process is None:
            return
        self.kill(process)
        await asyncio.sleep(fault_s(self._random))
        self._world.begin_process()

    def kill(self, process: SimulatedProcess) -> None:
        """Kill a process."""
        self._world.note(f"{process} is killed")
        self._world.disrupted(process, "killed")
        process.kill()

    async def kill_while_throttled(self, process: SimulatedProcess) -> None:
        """Kill a process while providers make it wait."""
        for lane in LANES:
            self._world.providers[lane].throttled = 1.0
        await asyncio.sleep(self._random.uniform(0.3, 1.0))
        self.kill(process)
        for lane in LANES:
            self._world.providers[lane].throttled = 0.0

    async def _leave(self) -> None:
        """A rolling update: one ends as it should, another one comes."""
        process = some_process(self._world)
        if process is None:
            return
        self._world.note(f"{process} leaves")
        self._world.disrupted(process, "leaving", TAIL_S)
        self._world.begin_process()
        await asyncio.wait({process.spawn(process.leave(), "leave")}, timeout=30)
        self._world.note(f"{process} has left")
        process.over = True
        process.left_s = self._world.loop.now_s

    async def _wall_steps(self) -> None:
        """Time is corrected: on the machine of a process, and on that of Redis, which was a minute ahead."""
        self._world.redis.ahead_s -= CORRECTED_S
        process = some_process(self._world)
        if process is not None:
            process.skew_s += self._random.uniform(-120, 120)
            self._world.note(f"the wall clock of {process} steps, and is {process.skew_s:+.1f} s off")

    async def _outage(self) -> None:
        """No provider takes anything."""
        for_s = self._random.choice((self._random.uniform(2, 6), OUTAGE_S))
        self._world.note(f"no provider takes anything for {for_s:.1f} s")
        for lane in LANES:
            self._world.providers[lane].failing = 1.0
        await asyncio.sleep(for_s)
        for lane in LANES:
            self._world.providers[lane].failing = 0.0

    async def _provider_fails(self) -> None:
        world, for_s, lane = self._world, fault_s(self._random), self._random.choice(LANES)
        faults = world.providers[lane]
        kind = self._random.choice(("failing", "throttled", "misconfigured", "ambiguous", "partial", "slow"))
        world.note(f"the provider of {lane} is {kind} for {for_s:.1f} s")
        setattr(faults, kind, True if kind == "misconfigured" else self._random.choice((0.3, 1.0)))
        await asyncio.sleep(for_s)
        setattr(faults, kind, False if kind == "misconfigured" else 0.0)
