"""A simulated process: a real engine with its own clocks, which may freeze, be suspended, die and come back.

Bounded: `START_AGAIN_S` between two attempts to start while a store is away.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from geo.index.keys import Generations
from push.alarm_kinds import AlarmKind
from push.alerts.disclosure.people import Disclosure
from push.alerts.planner import FilingPlan
from push.alerts.record.retention import Retention
from push.alerts.rings import Policy, RingPlan
from push.alerts.watch.record_guard import LABEL, RecordGuard
from push.delivery.breaker import Condition
from push.delivery.lane import LanePlan
from push.engine import Engine, EnginePlan
from push.fanout.entrants.late_entrants import LatePlan
from push.message.sound import Sound
from push.provider import Addressing
from push.stores import EngineStores
from runtime.authentication_codes import AuthenticationCodes
from runtime.clock import WALL_CLOCK
from runtime.tasks import cancel_and_wait
from sql.database import UNAVAILABLE_ERRORS
from tests.simulation.clock import PROCESS, START_S, Running
from tests.simulation.index.client import FakeRedis
from tests.simulation.record.pool import FakePool, connect
from tests.simulation.record.server import EPOCH
from tests.simulation.world.provider import SimulatedGateway

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.simulation.world.world import World

ACCOUNT_LANE: Final = "tpns"
TOKEN_LANE: Final = "apns"
CODES: Final = AuthenticationCodes([b"of a simulation"], LABEL)
LANES: Final = (ACCOUNT_LANE, TOKEN_LANE)
SHARDS: Final = 8
LEASE_S: Final = 6.0
GRACE_S: Final = 2.0
WORKERS: Final = 2
START_AGAIN_S: Final = 1.0
EVERY_S: Final = 3600.0
NEAR_KM: Final = 10.0
WIDE_KM: Final = 40.0
LATER_H: Final = 1.0

POLICIES: Final = {
    "at once": Policy(rings=[RingPlan(radius_km=NEAR_KM), RingPlan(radius_km=WIDE_KM)]),
    "later": Policy(rings=[RingPlan(radius_km=NEAR_KM), RingPlan(radius_km=WIDE_KM, after_h=LATER_H)]),
}

PLAN: Final = EnginePlan(
    lease_s=LEASE_S,
    filing=FilingPlan(
        policies=POLICIES,
        policy="at once",
        lanes=dict.fromkeys(LANES),
        radius_cap_km=500.0,
        audience_cap=1_000_000,
        shards=SHARDS,
        disclosure=Disclosure(1),
        secret=b"of the simulated servers",
    ),
    late=LatePlan(every_s=EVERY_S),
    lanes={
        ACCOUNT_LANE: LanePlan(workers=WORKERS, queue_batches=4, rate_per_s=20.0),
        TOKEN_LANE: LanePlan(workers=WORKERS, queue_batches=4, addressing=Addressing.DEVICES),
    },
    sound=Sound(),
    life_max=timedelta(hours=144),
    retention=Retention(child_after_found=timedelta(days=30), child=timedelta(days=30), recipients=timedelta(days=60)),
    deletion_look_s=600.0,
    positions_kept=timedelta(days=14),
)


class SimulatedProcess(Running):
    """One process. `over`: it does nothing any more; `died`: the error by which it ended by itself."""

    def __init__(self, world: World, number: int, skew_s: float) -> None:
        super().__init__()
        self.world = world
        self.number = number
        self.skew_s = skew_s
        self.over = False
        self.leaving = False
        self.died: BaseException | None = None
        self.engine: Engine | None = None
        self.began_s = world.loop.now_s
        self.resumed_s = float("-inf")
        self.killed_s: float | None = None
        self.left_s: float | None = None
        self._context = copy_context()
        self._context.run(PROCESS.set, self)
        self._context.run(WALL_CLOCK.set, self.wall_s)
        self.tasks: list[asyncio.Task[Any]] = []
        self.main = self.spawn(self._main(), "main")

    def __repr__(self) -> str:
        return f"process {self.number}"

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return not (self.over or self.stopped or self.leaving)

    @property
    def takes_all(self) -> bool:
        """Whether its lanes send, it knows which alerts live, and of no store that is away."""
        # By its own clocks: by those of this machine it would be behind for ever.
        return self._context.run(self._takes_all)

    def _takes_all(self) -> bool:
        engine = self.engine
        if (
            engine is None
            or engine.entrants.is_behind
            or any(alarm.kind is AlarmKind.STORE_AWAY for alarm in engine.alarms.standing)
        ):
            return False
        return all(lane.breaker.condition is Condition.CLOSED for lane in engine.lanes.values())

    @property
    def now_s(self) -> float:
        """Its own monotonic clock."""
        return self.world.loop.now_s - self.behind_s

    def wall_s(self) -> float:
        """Return the wall clock of its machine."""
        return EPOCH.timestamp() + self.world.loop.now_s - START_S + self.skew_s

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Let it do something."""
        task = self.world.loop.create_task(work, name=f"{self} {name}", context=self._context.copy())
        self.tasks.append(task)
        return task

    async def _main(self) -> None:
        try:
            await self._serve()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, it is judged
            if not self.over and not self.leaving:
                self.died = error
                self.over = True
                self.world.note(f"{self} ended by itself: {error!r}")

    async def _serve(self) -> None:
        world = self.world
        pool, redis = cast("Any", FakePool(world.record, self)), cast("Any", FakeRedis(world.redis, self))
        stores = EngineStores("", pool, pool, redis, LANES, Generations())
        stores.listen = cast("Any", partial(connect, world.record, self))
        gateways = {lane: SimulatedGateway(world, self, lane) for lane in LANES}
        self.engine = engine = Engine(PLAN, stores, gateways)
        guard = RecordGuard(pool, redis, engine.actions, engine.alarms, engine.claims, CODES)
        engine.changed = guard.wake
        while True:
            try:
                await guard.look_first()
                break
            except (*UNAVAILABLE_ERRORS, *INDEX_UNAVAILABLE_ERRORS):
                # Whoever starts servers starts one again that could not.
                await asyncio.sleep(START_AGAIN_S)
        await engine.index_watch.look_first()
        async with asyncio.TaskGroup() as group:
            engine.start(group)
            self.tasks += [*engine.tasks, group.create_task(guard.run(), name="record guard")]

    async def leave(self) -> None:
        """End as a server does that is asked to."""
        self.leaving = True
        if self.engine is not None:
            await self.engine.stop(GRACE_S)
        await cancel_and_wait([task for task in self.tasks if task is not asyncio.current_task()])
        self.over = True

    def kill(self) -> None:
        """End at once: nothing of it runs any more, its connections are gone."""
        self.over = self.stopped = True
        self.killed_s = self.world.loop.now_s
        self.world.record.cut(self)
