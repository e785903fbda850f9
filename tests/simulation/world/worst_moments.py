"""What happens at the one moment that shows a bug, where chance would come upon it too seldom.

Each is the only fault of its seeds. Bounded: `FAULT_S` each.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tests.simulation.world.operators import Operators
from tests.simulation.world.process import LEASE_S
from tests.simulation.world.store_faults import FAULT_S, TAIL_S, some_process

if TYPE_CHECKING:
    from tests.simulation.world.world import World

LOOK_S: Final = 0.05
MOVED_MAX: Final = 12
PAUSES: Final = 4


class WorstMoments:
    """What happens at the worst moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._operators = Operators(world)

    async def lanes_changed(self) -> None:
        """Users change lanes while a message to them is on its way, and nobody can note that they did.

        The other lane looks for its users late, because its provider answers late.
        """
        world = self._world
        process = some_process(world)
        if process is None:
            return
        world.note(f"providers answer late, and {process} hears nothing of the record")
        world.disrupted(process, "record not heard", FAULT_S + LEASE_S + TAIL_S)
        world.record.faults.hanging.add(process)
        self._answer_late(1.0)
        until_s, moved = world.loop.now_s + FAULT_S, 0
        while world.loop.now_s < until_s and process.alive:
            await asyncio.sleep(LOOK_S)
            on_their_way = [
                user for one in world.requests if one.accepted_s and one.recorded_s is None for user in one.accepted
            ]
            if on_their_way and moved < MOVED_MAX:
                moved += 1
                await world.people.change_lanes(self._random.choice(on_their_way), process)
        world.record.faults.hanging.discard(process)
        self._answer_late(0.0)

    async def paused_on_its_way(self) -> None:
        """An alert is paused, and resumed at once, while providers answer late."""
        world, random = self._world, self._random
        world.note("providers answer late")
        self._answer_late(1.0)
        for _ in range(PAUSES):
            await asyncio.sleep(random.uniform(0.2, 1.0))
            sent = [alert for alert in world.alerts if alert.state == "sending"]
            if sent:
                alert = random.choice(sent)
                await self._operators.act("pause", alert)
                await asyncio.sleep(random.uniform(0.0, 0.5))
                await self._operators.act("resume", alert)
        await asyncio.sleep(FAULT_S / 2)
        self._answer_late(0.0)

    def _answer_late(self, share: float) -> None:
        for one in self._world.providers.values():
            one.slow = share
