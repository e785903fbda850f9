"""Faults of the stores: they are away, hang, lose what they had, go back in time, lose notifications.

Bounded: each ends within `FAULT_S`, or as long after the last of `CLAIM_LOOKS`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from push.alerts.watch.record_guard import KEY
from push.fanout.claims.refused_rows import ASIDE_MAX_S
from tests.simulation.record.tables import RefusedRows
from tests.simulation.world.process import LEASE_S
from tests.simulation.world.world import Rewind

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.world.process import SimulatedProcess
    from tests.simulation.world.world import World

FAULT_S: Final = 9.0
NOTICED_S: Final = 0.6
"""A claim that is lost is noticed by the next look, two of them at most."""

CLAIM_LOOK_S: Final = 0.05
CLAIM_LOOKS: Final = 100
"""So often it is looked whether there is a claim to lose; without one the record does not crash."""

ROWS_REFUSED: Final = "record refuses rows"

TAIL_S: Final = 3.0
"""What a fault disturbed may be settled so long after its end: commits are tried again once a second."""


def fault_s(random: Random) -> float:
    """Return for how long a fault lasts."""
    return random.choice((0.3, 1.5, random.uniform(0.1, FAULT_S)))


def some_process(world: World) -> SimulatedProcess | None:
    """Return a process that runs, None when there is none."""
    return world.random.choice(world.living) if world.living else None


class StoreFaults:
    """What goes wrong with the stores."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._has_backup = False

    async def redis_clock_steps(self) -> None:
        """The clock of Redis is set back."""
        self._world.redis.ahead_s -= self._random.choice((5.0, 3600.0))
        self._world.note(f"the clock of Redis steps back, and is {self._world.redis.ahead_s:+.0f} s off")

    async def record_down(self) -> None:
        """Nobody reaches the record."""
        world, for_s = self._world, fault_s(self._random)
        world.note(f"the record is down for {for_s:.1f} s")
        world.disrupted(None, "record down", for_s + TAIL_S)
        world.record.faults.down = True
        world.record.cut()
        await asyncio.sleep(for_s)
        world.record.faults.down = False
        world.note("the record is back")

    async def record_hangs(self) -> None:
        """One process has no network to the record: nothing is refused, nothing answered."""
        process = some_process(self._world)
        if process is None:
            return
        world, for_s = self._world, fault_s(self._random)
        world.note(f"{process} hears nothing of the record for {for_s:.1f} s")
        world.disrupted(process, "record not heard", for_s + LEASE_S + TAIL_S)
        cut_off = self._random.choice((world.record.faults.hanging, world.record.faults.away))
        cut_off.add(process)
        await asyncio.sleep(for_s)
        cut_off.discard(process)
        world.note(f"{process} hears of the record again")

    async def record_flaky(self) -> None:
        """The record loses connections, and is slow."""
        world, for_s = self._world, fault_s(self._random)
        faults = world.record.faults
        world.note(f"the record loses connections and is slow for {for_s:.1f} s")
        world.disrupted(None, "record flaky", for_s + TAIL_S)
        faults.refused, faults.ambiguous, faults.slow = 0.05, 0.05, self._random.choice((0.0, 0.05))
        await asyncio.sleep(for_s)
        faults.refused = faults.ambiguous = faults.slow = 0.0

    async def record_full(self) -> None:
        """The ledger takes no row."""
        world, for_s = self._world, fault_s(self._random)
        world.note(f"the record takes no row of the ledger for {for_s:.1f} s")
        world.disrupted(None, "record full", for_s + TAIL_S)
        world.record.faults.full, world.record.faults.odd = True, self._random.random() < 0.5
        await asyncio.sleep(for_s)
        world.record.faults.full = world.record.faults.odd = False

    async def rows_refused(self) -> None:
        """The record refuses rows of one alert, as where a page of theirs is damaged, and takes all others."""
        world, for_s = self._world, fault_s(self._random)
        alerts = sorted(world.record.tables.alerts)
        if not alerts:
            return
        units, ledger = self._random.choice(((True, False), (False, True), (True, True)))
        rows = RefusedRows(self._random.choice(alerts), units, ledger)
        world.note(f"the record refuses {rows} for {for_s:.1f} s")
        world.disrupted(None, ROWS_REFUSED, for_s + ASIDE_MAX_S + LEASE_S + TAIL_S)
        world.record.faults.rows = rows
        await asyncio.sleep(for_s)
        world.record.faults.rows = None

    async def record_crashes(self) -> None:
        """The record crashes, and recovers."""
        world = self._world
        world.note("the record crashes, and forgets what did not wait for the disk")
        world.disrupted(None, "record crashed", NOTICED_S)
        world.record.crash()

    async def claims_lost(self) -> None:
        """Providers answer late, and the record crashes: claims, which do not wait for its disk, are lost."""
        world, faults = self._world, [*self._world.providers.values()]
        world.note("providers answer late, until after the record has lost claims")
        for one in faults:
            one.slow = 1.0
        for _ in range(CLAIM_LOOKS):
            await asyncio.sleep(CLAIM_LOOK_S)
            if world.record.undurable:
                await self.record_crashes()
                break
        await asyncio.sleep(FAULT_S)
        for one in faults:
            one.slow = 0.0

    async def record_goes_back(self) -> None:
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

    async def notifications_lost(self) -> None:
        """No process hears of a commit."""
        world, for_s = self._world, FAULT_S
        world.note(f"notifications are lost for {for_s:.1f} s")
        world.record.faults.deaf = 1.0
        await asyncio.sleep(for_s)
        world.record.faults.deaf = 0.0

    async def redis_fails(self) -> None:
        """Redis is away, refuses or is slow."""
        world, for_s, faults = self._world, fault_s(self._random), self._world.redis.faults
        kind = self._random.choice(("down", "full", "readonly", "busy", "refused", "slow"))
        world.note(f"Redis is {kind} for {for_s:.1f} s")
        setattr(faults, kind, 0.1 if kind in {"refused", "slow"} else True)
        await asyncio.sleep(for_s)
        setattr(faults, kind, 0.0 if kind in {"refused", "slow"} else False)

    async def redis_emptied(self) -> None:
        """Redis loses all it has, and everybody reports again later."""
        world = self._world
        world.note("Redis loses its data")
        world.redis.space.clear()
        world.redis.space.run += 1
        world.emptied.append(world.loop.now_s)
        await asyncio.sleep(fault_s(self._random))
        await world.people.report_all()
        world.note("everybody has reported again")
