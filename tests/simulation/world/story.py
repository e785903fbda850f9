"""The story of a seed: what is filed, what fails, what operators do, and how it ends.

Some seconds around each event are stepped finely; between them hours are jumped, in which all clocks go on together and
nothing runs. At the end nothing fails any more, and what is due must get done. Bounded: `PHASES_MAX`, `QUIET_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from push.fanout.entrants.late_entrants import NOTICES_APART
from push.fanout.entrants.unit import EntrantsUnit
from sql.database import DEAD_PEER_S
from tests.simulation import invariants
from tests.simulation.world.faults import Faults
from tests.simulation.world.operators import ACTIONS, STOPS, Operators
from tests.simulation.world.process import EVERY_S

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from push.engine import Engine
    from tests.simulation.world.world import World

PHASES_MAX: Final = 3
PHASE_S: Final = 7.0
FAULTS_S: Final = 4.0
EARLY_S: Final = 0.2
MOVES_S: Final = 1.5
HARD_STOPS: Final = 0.45
DAMAGED: Final = 0.15
"""The share of seeds whose index has members that are no users."""

SHORT_LIVES: Final = 0.2
ENTERED: Final = 0.6
SEEN_AGAIN: Final = 0.4
ENTRANTS_MAX: Final = 4
KILLED: Final = 0.4
ENTER_S: Final = 15.0
"""The lease of a process that is gone, a step of a lane's entrants, and a lane that begins slowly after a pause."""

LOOK_S: Final = 0.25
QUIET_S: Final = 30.0
STALLED_S: Final = DEAD_PEER_S + 4.0
"""A connection whose peer is gone is known to be dead after ten seconds; what waited for it goes on then."""

PASS_S: Final = EVERY_S + 5.0
NOTICES_S: Final = NOTICES_APART.total_seconds() + 5.0
DAY_S: Final = 86_400.0
HOURS_S: Final = (400.0, 3700.0, 20 * 3600.0)
GOLDEN_S: Final = 72 * 3600.0


class Story:
    """What happens in one seed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._faults = Faults(world)
        self._operators = Operators(world)

    async def run(self) -> None:
        """Let it happen, and judge it."""
        world = self._world
        for _ in range(self._random.choice((1, 2, 2, 3))):
            world.begin_process()
        await world.people.arrive()
        if self._random.random() < DAMAGED:
            world.people.damage()
        watching = asyncio.create_task(self._watch_silence(), name="silence")
        for number in range(self._random.randint(1, PHASES_MAX)):
            await self._phase(number)
        await self._end()
        watching.cancel()
        invariants.judge_end(world)

    async def _phase(self, number: int) -> None:
        world, random = self._world, self._random
        async with asyncio.TaskGroup() as group:
            if number == 0 or random.random() < 0.25:
                group.create_task(
                    self._operators.file(random.choice(("at once", "later")), self._life_s()), name="file"
                )
            for _ in range(random.choice((0, 1, 1, 2, 3))):
                group.create_task(
                    self._at(
                        random.choice((random.uniform(0, EARLY_S), random.uniform(0, FAULTS_S))), self._faults.one()
                    ),
                    name="fault",
                )
            for _ in range(random.choice((0, 0, 1, 1, 2))):
                group.create_task(self._at(random.uniform(0.2, FAULTS_S), self._act()), name="act")
            if random.random() < HARD_STOPS:
                group.create_task(self._at(random.uniform(0.1, 1.0), self._hard_stop()), name="hard stop")
            for _ in range(random.choice((0, 0, 6))):
                group.create_task(self._at(random.uniform(0, MOVES_S), world.people.move()), name="move")
            for _ in range(random.choice((0, 1, 3))):
                group.create_task(self._at(random.uniform(0, PHASE_S), world.people.move()), name="move")
            if random.random() < 0.2:
                group.create_task(self._at(random.uniform(0, PHASE_S), world.people.forget()), name="forget")
            group.create_task(self._see_again(), name="place")
            group.create_task(self._prefer(), name="prefer")
            group.create_task(asyncio.sleep(PHASE_S), name="phase")
        self._faults.heal()
        await self._quiet()
        if random.random() < ENTERED:
            await self._enter()
        if (hours_s := random.choice(HOURS_S)) > DAY_S / 2:
            # A follow-up notice is swept again within a day.
            self._jump(NOTICES_S)
            await asyncio.sleep(2.0)
            await self._quiet()
        self._jump(hours_s)

    async def _prefer(self) -> None:
        """Let a few turn alerts off."""
        for _ in range(self._random.choice((0, 0, 2))):
            await asyncio.sleep(self._random.uniform(0, MOVES_S))
            await self._world.people.prefer()

    async def _enter(self) -> None:
        """Let residents move into the areas of live alerts while all is well: events notify them, within seconds.

        Where another process is there, one may die before it could send: it is taken over when its lease ends.
        """
        world, random = self._world, self._random
        if not all(one.takes_all for one in world.living):
            return
        entered = [one for _ in range(random.randint(1, ENTRANTS_MAX)) if (one := await world.people.enter())]
        if entered and len(world.living) > 1 and random.random() < KILLED:
            await self._faults.kill_while_throttled(random.choice(world.living))
        await asyncio.sleep(ENTER_S)
        invariants.entrants_notified(world, entered)
        await self._quiet()

    def _life_s(self) -> float | None:
        return self._random.uniform(0.5, 5) if self._random.random() < SHORT_LIVES else None

    async def _at(self, delay_s: float, work: Coroutine[Any, Any, Any]) -> None:
        await asyncio.sleep(delay_s)
        await work

    async def _hard_stop(self) -> None:
        """Stop an alert while that is hard to hear."""
        random = self._random
        fault = asyncio.create_task(self._faults.under_a_stop(), name="fault")
        await asyncio.sleep(random.uniform(0.05, 1.5))
        running = [alert for alert in self._world.alerts if alert.state in {"sending", "sent"}]
        if running:
            action, alert = random.choice(STOPS), random.choice(running)
            await self._operators.act(action, alert)
            if action == "pause" and random.random() < 0.7:
                await asyncio.sleep(random.uniform(0, 0.3))
                await self._operators.act("resume", alert)
        await fault

    async def _act(self) -> None:
        alerts = self._world.alerts
        if alerts:
            action, alert = self._random.choice(ACTIONS), self._random.choice(alerts)
            await self._operators.act(action, alert)
            if action == "pause" and self._random.random() < 0.5:
                await asyncio.sleep(self._random.uniform(0, 0.3))
                await self._operators.act("resume", alert)

    async def _see_again(self) -> None:
        """Let the police see a child elsewhere, once or twice, now and then."""
        if self._random.random() >= SEEN_AGAIN:
            return
        await asyncio.sleep(self._random.uniform(0.2, PHASE_S))
        running = [alert for alert in self._world.alerts if alert.state in {"sending", "sent"}]
        for _ in range(self._random.choice((1, 1, 2)) if running else 0):
            await self._operators.act("place", self._random.choice(running))

    async def _end(self) -> None:
        """End all faults, resume what is paused, let late passes come, and end what still goes on."""
        world, random = self._world, self._random
        self._faults.heal()
        await self._quiet()
        for alert in world.alerts:
            if alert.state == "paused" or alert.notice_held:
                await self._operators.act("resume", alert)
        await self._quiet()
        await self._pass()
        invariants.judge_state(world)
        for alert in world.alerts:
            if alert.state in {"sending", "sent"} and (ending := random.choice(("cancel", "found", ""))):
                await self._operators.act(ending, alert)
        await self._quiet()
        for _ in range(2):
            await self._pass()
        self._faults.thaw()
        await asyncio.sleep(2.0)
        await self._quiet()
        invariants.follow_ups_exact(world)
        self._jump(max(0.0, GOLDEN_S - world.now_s))
        await self._quiet()

    async def _pass(self) -> None:
        """Let the next pass for late entrants and missed follow-ups come."""
        self._jump(PASS_S)
        await asyncio.sleep(2.0)
        await self._quiet()

    def _jump(self, seconds: float) -> None:
        self._world.note(f"{seconds / 60:.0f} minutes pass")
        self._world.loop.now_s += seconds
        self._world.progress += 1

    async def _quiet(self) -> None:
        """Wait until all that is due is done, and nothing is held."""
        world, until_s = self._world, self._world.loop.now_s + QUIET_S
        await asyncio.sleep(1.5)
        while world.unsettled() or any(one.engine is not None and _holds(one.engine) for one in world.living):
            if world.loop.now_s > until_s:
                units = [f"{one.id} {one.sweep.notice} {one.sweep.lane}" for one in world.due()]
                noted = [one.user for one in world.record.tables.entrants.values() if not world.is_settled(one)]
                world.violated(invariants.QUIET, f"{units}, {noted} after {QUIET_S:.0f} s without any fault")
                return
            await asyncio.sleep(LOOK_S)
        world.note("quiet")

    async def _watch_silence(self) -> None:
        """Judge that what is due for long without any progress has an alarm in a process that runs."""
        world = self._world
        progress, since_s = -1, world.loop.now_s
        while True:
            await asyncio.sleep(1.0)
            if progress != world.progress or not world.due() or not world.living:
                progress, since_s = world.progress, world.loop.now_s
            elif world.loop.now_s - since_s > STALLED_S:
                engines = [one.engine for one in world.living if one.engine is not None and one.began_s < since_s]
                if engines and not any(engine.alarms.standing for engine in engines):
                    world.violated(invariants.ALARMED, f"{len(world.due())} units are due for {STALLED_S:.0f} s")
                since_s = world.loop.now_s


def _holds(engine: Engine) -> bool:
    """Tell whether a process holds work; what is for late entrants is held for a while without any."""
    held = engine.claims.leases.held
    return any(not isinstance(unit, EntrantsUnit) or unit.batches or unit.entries for unit in held)
