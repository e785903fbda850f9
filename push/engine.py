"""The engine: starts and stops everything that sends.

Order of the end, inside out: sweeps stop claiming, what is being sent reaches the ledger within the grace time, then
the ledger, the leases and the watcher stop. Bounded: `grace_s`, what `runtime.tasks` takes, `RELEASE_S`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import structlog

from push.alarms import AlarmBoard
from push.alerts.actions.changes import Changes
from push.alerts.actions.decisions import Actions
from push.alerts.actions.joining.sharing import Sharing
from push.alerts.actions.transaction import Operations
from push.alerts.filing import FilingService
from push.alerts.planner import FilingPlan, Planner
from push.alerts.record.retention import Deletion, Retention
from push.alerts.watch.watcher import Watcher
from push.delivery.lane import CUT_OFF_S, Lane, LanePlan
from push.delivery.recording.ledger import Ledger
from push.delivery.stats import Histogram
from push.fanout.areas import Areas
from push.fanout.claims.claims import Claims
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.fanout.entrants.looking import EntrantLook
from push.fanout.precedence import Precedence
from push.fanout.stops import StopListener
from push.fanout.tidying import Tidying
from push.index_watch import IndexWatch
from push.message.sound import Sound
from push.notice import SubjectKind
from runtime.tasks import cancel_and_wait, run_with_timeout
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from uuid import UUID

    from push.provider import Gateway
    from push.stores import EngineStores

RELEASE_S = 2.0
"""To give leases back, which run out by themselves: no one waits for a PostgreSQL that does not answer."""

_log = structlog.get_logger("push.engine")


class EnginePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine needs to know: leases, what alerts get, late entrants, lanes, what is kept for how long."""

    lease_s: float
    filing: FilingPlan
    late: LatePlan
    lanes: dict[str, LanePlan]
    sound: Sound
    sound_by_kind: dict[SubjectKind, Sound] = {}
    life_max: timedelta
    retention: Retention
    deletion_look_s: float
    positions_kept: timedelta


class Engine:
    """Everything that sends, in one process."""

    def __init__(self, plan: EnginePlan, stores: EngineStores, gateways: Mapping[str, Gateway]) -> None:
        pool, requests_pool, index = stores.pool, stores.requests_pool, stores.index
        self._plan = plan
        self.stores = stores
        self.commit = Histogram()
        self.alarms = AlarmBoard()
        self.claims = Claims(pool, plan.lease_s, plan.sound, self.alarms, plan.sound_by_kind, stores.clock)
        self.ledger = Ledger(pool, self.alarms, self.claims.refused, self.commit.observe)
        self.forgetting = stores.forgetting
        self.entrants = LateEntrants(plan.late, index, requests_pool, self.entered)
        areas, precedence = Areas(pool), Precedence()
        self.watcher = Watcher(
            pool,
            self.alarms,
            self.entrants,
            areas,
            stores.clock,
            audience_cap=plan.filing.audience_cap,
            disclosure=plan.filing.disclosure,
            sounds=self.claims.sounds,
            wake=self.claims.wake,
            take_worked=self.claims.leases.take_worked,
            refused=self.claims.refused,
        )
        self.lanes = {
            name: Lane(
                name,
                lane,
                gateway=gateways[name],
                index=index,
                forgetting=stores.forgetting,
                non_default_locales=stores.non_default_locales,
                areas=areas,
                pool=pool,
                claims=self.claims,
                ledger=self.ledger,
                alarms=self.alarms,
                quota=stores.quotas.of(name),
                precedence=precedence,
            )
            for name, lane in plan.lanes.items()
        }
        planner = self._planner = Planner(index, plan.filing, self.alarms)
        self.filing_service = FilingService(requests_pool, planner, self.wake, precedence)
        self.operations = Operations(
            requests_pool, planner.secret, halt=self.halt, wake=self.wake, precedence=precedence
        )
        self.changes = Changes(self.operations, requests_pool, planner, plan.life_max)
        self.actions = Actions(self.operations, self.changes, planner)
        self.sharing = Sharing(requests_pool, planner, halt=self.halt, wake=self.wake)
        self._stops = StopListener(
            stores.listen,
            pool,
            requests_pool,
            self.claims,
            self.alarms,
            stores.clock,
            halt=self.halt,
            wake=self.wake,
            entered=self.entered,
            revoked=self.look_up_tokens,
        )
        self.index_watch = IndexWatch(stores, self.alarms, self.entrants, plan.positions_kept, self.wake)
        self._entrant_look = EntrantLook(pool, [*plan.lanes], self.entered)
        self._tidying = Tidying(pool)
        # What is refused to it stops nothing that sends, and is an alarm of its own.
        self._deletion = Deletion(
            requests_pool, plan.retention, planner.secret, self.alarms, self._without_objects, plan.deletion_look_s
        )
        self._background: list[asyncio.Task[None]] = []
        self.changed: Callable[[], None] = lambda: None
        self.revoked: Callable[[], None] = lambda: None
        self.delete_objects: Callable[[UUID], Awaitable[bool]] | None = None

    def wake(self) -> None:
        """Wake whatever waits for new work."""
        self.claims.wake()
        self.watcher.wake()
        self.changed()

    async def _without_objects(self, alert_id: UUID) -> bool:
        """Delete what is kept of an alert outside of the record; tells whether that is done."""
        return self.delete_objects is None or await self.delete_objects(alert_id)

    def look_up_tokens(self) -> None:
        """Have tokens looked up again, because something was revoked."""
        self.revoked()

    def entered(self, lane: str) -> None:
        """Wake what notifies late entrants in a lane."""
        if lane in self.lanes:
            self.lanes[lane].entrants.wake()

    def halt(self, alert_id: UUID) -> None:
        """Stop at once what this process sends of an alert."""
        self.claims.leases.halt(alert_id)
        for lane in self.lanes.values():
            lane.drain_halted()

    async def compare_clocks(self) -> None:
        """Take over the record's time, before anything is decided by it; UNAVAILABLE_ERRORS when it is away."""
        await self._stops.compare_clocks()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start all tasks in `group`; one that dies of a bug takes the group down."""
        self._background = [
            group.create_task(self.ledger.run(), name="ledger"),
            group.create_task(self.claims.leases.keep(), name="leases"),
            group.create_task(self._entrant_look.run(), name="entrant look"),
            group.create_task(self._tidying.run(), name="tidying"),
            group.create_task(self.watcher.run(), name="progress"),
            group.create_task(self.forgetting.run(), name="forgetting"),
            group.create_task(self._stops.run(), name="stops"),
            group.create_task(self._deletion.run(), name="deletion"),
            group.create_task(self.index_watch.run(), name="index watch"),
        ]
        for lane in self.lanes.values():
            lane.start(group)

    async def change_lanes(
        self, plans: Mapping[str, LanePlan], rates: dict[str, float | None], gateways: Mapping[str, Gateway]
    ) -> None:
        """Let lanes go on with other gateways, and plans with what they keep; returns when the ones before are closed.

        Estimates count with `rates` from now on.
        """
        self._planner.plan = msgspec.structs.replace(self._planner.plan, lanes=rates)
        async with asyncio.TaskGroup() as group:
            for name, gateway in gateways.items():
                group.create_task(self.lanes[name].change(plans[name], gateway), name=f"change {name}")

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """All that runs since `start`."""
        return [*self._background, *(task for lane in self.lanes.values() for task in lane.tasks)]

    async def close(self) -> None:
        """Close what was opened but never started."""
        for lane in self.lanes.values():
            await lane.close()

    async def stop(self, grace_s: float) -> None:
        """Stop sending, with everything that was sent in the ledger unless `grace_s` runs out first."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes.values():
                group.create_task(lane.stop(grace_s), name=f"stop {lane.name}")
        # What of them was refused so far is known to this process alone.
        await run_with_timeout(self.ledger.all_taken(), CUT_OFF_S)
        await cancel_and_wait(self._background)
        try:
            if not await run_with_timeout(self.claims.leases.release(), RELEASE_S):
                _log.warning("leases.left", error="no answer")
        except UNAVAILABLE_ERRORS as error:
            _log.warning("leases.left", error=type(error).__name__)
