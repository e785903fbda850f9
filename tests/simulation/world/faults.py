"""Faults: processes that freeze, are suspended, die, come back; clocks that step; stores and providers that fail.

Bounded: each ends within `FAULT_S`, or at `heal`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from push.alerts.watch.record_guard import KEY
from tests.simulation.world.process import LANES, LEASE_S
from tests.simulation.world.world import Rewind

if TYPE_CHECKING:
    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.world import World

FAULT_S: Final = 9.0
NOTICED_S: Final = 0.6
"""A claim that is lost is noticed by the next look, two of them at most."""

CORRECTED_S: Final = 60.0
OUTAGE_S: Final = 17.0
FOR_EVER_S: Final = 1e9
TAIL_S: Final = 3.0
"""What a fault disturbed may be settled so long after its end: commits are tried again once a second."""


class Faults:
    """What goes wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._frozen: list[SimulatedProcess] = []
        self._has_backup = False
        self._kinds = (
            self._freeze,
            self._freeze,
            self._suspend,
            self._kill,
            self._kill,
            self._leave,
            self._wall_steps,
            self._redis_clock_steps,
            self._record_down,
            self._record_hangs,
            self._record_flaky,
            self._record_full,
            self._record_crashes,
            self._record_goes_back,
            self._notifications_lost,
            self._redis_fails,
            self._redis_fails,
            self._redis_emptied,
            self._provider_fails,
            self._provider_fails,
            self._outage,
            self._outage,
        )

    async def one(self) -> None:
        """Let one thing go wrong for a while."""
        await self._random.choice(self._kinds)()

    async def under_a_stop(self) -> None:
        """Let something go wrong that makes a stop hard to hear, or hides what was sent right before it."""
        kinds = (
            self._notifications_lost,
            self._record_hangs,
            self._freeze_long,
            self._leave_cut_off,
            self._ambiguous,
            self._record_goes_back,
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

    def _for_s(self) -> float:
        return self._random.choice((0.3, 1.5, self._random.uniform(0.1, FAULT_S)))

    def _process(self) -> SimulatedProcess | None:
        living = self._world.living
        return self._random.choice(living) if living else None

    async def _freeze(self) -> None:
        """SIGSTOP, and SIGCONT later: its clock goes on."""
        if (process := self._process()) is not None:
            await self._stand_still(process, "frozen", self._for_s())
            self._world.loop.thaw(process)

    async def _nothing(self) -> None:
        """Let the stop alone come in the middle of a send."""

    async def _freeze_long(self) -> None:
        """One freezes with requests on their way, and thaws when all is over."""
        process = self._process()
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
        if (process := self._process()) is not None:
            for_s = self._for_s()
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
        process = self._process()
        if process is None:
            return
        self.kill(process)
        await asyncio.sleep(self._for_s())
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
        process = self._process()
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
        process = self._process()
        if process is not None:
            process.skew_s += self._random.uniform(-120, 120)
            self._world.note(f"the wall clock of {process} steps, and is {process.skew_s:+.1f} s off")

    async def _redis_clock_steps(self) -> None:
        self._world.redis.ahead_s -= self._random.choice((5.0, 3600.0))
        self._world.note(f"the clock of Redis steps back, and is {self._world.redis.ahead_s:+.0f} s off")

    async def _record_down(self) -> None:
        world, for_s = self._world, self._for_s()
        world.note(f"the record is down for {for_s:.1f} s")
        world.disrupted(None, "record down", for_s + TAIL_S)
        world.record.faults.down = True
        world.record.cut()
        await asyncio.sleep(for_s)
        world.record.faults.down = False
        world.note("the record is back")

    async def _record_hangs(self) -> None:
        """One process has no network to the record: nothing is refused, nothing answered."""
        process = self._process()
        if process is None:
            return
        world, for_s = self._world, self._for_s()
        world.note(f"{process} hears nothing of the record for {for_s:.1f} s")
        world.disrupted(process, "record not heard", for_s + LEASE_S + TAIL_S)
        cut_off = self._random.choice((world.record.faults.hanging, world.record.faults.away))
        cut_off.add(process)
        await asyncio.sleep(for_s)
        cut_off.discard(process)
        world.note(f"{process} hears of the record again")

    async def _record_flaky(self) -> None:
        world, for_s = self._world, self._for_s()
        faults = world.record.faults
        world.note(f"the record loses connections and is slow for {for_s:.1f} s")
        world.disrupted(None, "record flaky", for_s + TAIL_S)
        faults.refused, faults.ambiguous, faults.slow = 0.05, 0.05, self._random.choice((0.0, 0.05))
        await asyncio.sleep(for_s)
        faults.refused = faults.ambiguous = faults.slow = 0.0

    async def _record_full(self) -> None:
        """The ledger takes no row."""
        world, for_s = self._world, self._for_s()
        world.note(f"the record takes no row of the ledger for {for_s:.1f} s")
        world.disrupted(None, "record full", for_s + TAIL_S)
        world.record.faults.full, world.record.faults.odd = True, self._random.random() < 0.5
        await asyncio.sleep(for_s)
        world.record.faults.full = world.record.faults.odd = False

    async def _record_crashes(self) -> None:
        world = self._world
        world.note("the record crashes, and forgets what did not wait for the disk")
        world.disrupted(None, "record crashed", NOTICED_S)
        world.record.crash()

    async def _record_goes_back(self) -> None:
        """A backup is restored, with the processes stopped before it or while they run."""
        world, random = self._world, self._random
        if not world.alerts or self._has_backup or world.redis.faults.any:
            return
        self._has_backup = True
        while world.record.in_transaction:
            await asyncio.sleep(0.001)
        backup, backup_s = world.record.backup(), world.loop.now_s
        await asyncio.sleep(random.uniform(0.5, FAULT_S))
        offline = random.random() < 0.6
        world.note(f"the record goes back by {world.loop.now_s - backup_s:.1f} s, {'offline' if offline else 'online'}")
        killed = [one for one in world.processes if not one.over] if offline else []
        for process in killed:
            process.kill()
        # What was committed a moment ago, and is not remembered by Redis yet, nobody can miss.
        remembered = int(world.redis.space.hashes[KEY].get(b"seq", b"0"))
        world.disrupted(None, "record rewound", TAIL_S)
        world.record.restore(backup)
        live = {one.id for one in world.alerts if one.state in {"sending", "sent"}}
        if len(world.record.tables.events) >= remembered:
            live = set()
        world.rewinds.append(Rewind(backup_s, world.loop.now_s, offline, live))
        for _ in killed[:2]:
            world.begin_process()

    async def _notifications_lost(self) -> None:
        world, for_s = self._world, FAULT_S
        world.note(f"notifications are lost for {for_s:.1f} s")
        world.record.faults.deaf = 1.0
        await asyncio.sleep(for_s)
        world.record.faults.deaf = 0.0

    async def _redis_fails(self) -> None:
        world, for_s, faults = self._world, self._for_s(), self._world.redis.faults
        kind = self._random.choice(("down", "full", "readonly", "busy", "refused", "slow"))
        world.note(f"Redis is {kind} for {for_s:.1f} s")
        setattr(faults, kind, 0.1 if kind in {"refused", "slow"} else True)
        await asyncio.sleep(for_s)
        setattr(faults, kind, 0.0 if kind in {"refused", "slow"} else False)

    async def _redis_emptied(self) -> None:
        """Redis loses all it has, and everybody reports again later."""
        world = self._world
        world.note("Redis loses its data")
        world.redis.space.clear()
        world.redis.space.run += 1
        world.emptied.append(world.loop.now_s)
        await asyncio.sleep(self._for_s())
        await world.people.report_all()
        world.note("everybody has reported again")

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
        world, for_s, lane = self._world, self._for_s(), self._random.choice(LANES)
        faults = world.providers[lane]
        kind = self._random.choice(("failing", "throttled", "misconfigured", "ambiguous", "partial", "slow"))
        world.note(f"the provider of {lane} is {kind} for {for_s:.1f} s")
        setattr(faults, kind, True if kind == "misconfigured" else self._random.choice((0.3, 1.0)))
        await asyncio.sleep(for_s)
        setattr(faults, kind, False if kind == "misconfigured" else 0.0)
