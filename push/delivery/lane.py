"""A lane: one provider with its own sweeps, queue, workers, pace and breaker.

Nothing is shared with another lane but the ledger's commits, so a slow or dead provider holds back no other lane.
Bounded: `queue_batches` outstanding, `workers` requests in flight, `grace_s` to end what is being sent.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog

import sql.ledger
from push.alarm_kinds import AlarmKind
from push.delivery.addresses import Addresses
from push.delivery.breaker import Breaker, Condition, watch_silence
from push.delivery.clearance import Clearances
from push.delivery.invalid_tokens import InvalidTokens
from push.delivery.refused_messages import RefusedMessages
from push.delivery.settlement import Settlement
from push.delivery.stats import LaneStats
from push.delivery.worker import Worker
from push.fanout.candidates import Candidates
from push.fanout.entrants.sifting import Sifting
from push.fanout.entrants.source import EntrantSource
from push.fanout.queue import LaneQueue
from push.fanout.sweep import SWEEPS_PER_LANE, Sweep
from push.notice import EXPIRY
from push.provider import Addressing
from push.transport.pace import Pace
from push.transport.replaceable import ReplaceableGateway
from push.transport.retry_policy import MISCONFIGURED_PROBE_S
from runtime.tasks import cancel_and_wait, run_with_timeout

if TYPE_CHECKING:
    from geo.index.forgetting import Forgetting
    from geo.index.locales import NonDefaultLocales
    from geo.index.position_index import PositionIndex
    from push.alarms import AlarmBoard
    from push.delivery.recording.ledger import Ledger
    from push.fanout.areas import Areas
    from push.fanout.claims.claims import Claims
    from push.fanout.precedence import Precedence
    from push.provider import Gateway
    from push.transport.quota import Quota
    from sql.database import Pool

CUT_OFF_S = 3.0
"""For how long a lane that ends waits for the record of who may have been notified."""

_log = structlog.get_logger("push.delivery.lane")


class LanePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane works: recipients a second (None: as fast as the provider takes it), requests and batches at once.

    `invalid_share` of at least `invalid_count` tokens that come back invalid stop it. Recipients with invalid tokens
    are tried again after `invalid_for`, if they still stand in the index: then with another one. `simulated`: its
    provider is known to be one, so that tests may use it.
    """

    addressing: Addressing = Addressing.ACCOUNTS
    simulated: bool = False
    invalid_share: float = 0.05
    invalid_count: int = 1000
    invalid_for: timedelta = EXPIRY
    rate_per_s: float | None = None
    workers: int = 16
    queue_batches: int = 64
    misconfigured_probe_s: float = MISCONFIGURED_PROBE_S


class Lane:
    """One provider with everything that reaches it."""

    def __init__(
        self,
        name: str,
        plan: LanePlan,
        *,
        gateway: Gateway,
        index: PositionIndex,
        forgetting: Forgetting,
        non_default_locales: NonDefaultLocales,
        areas: Areas,
        pool: Pool,
        claims: Claims,
        ledger: Ledger,
        alarms: AlarmBoard,
        quota: Quota,
        precedence: Precedence,
    ) -> None:
        self.name = name
        self.plan = plan
        self.stats = LaneStats()
        self.queue = LaneQueue(plan.queue_batches + plan.workers, gateway.recipients_max, precedence)
        self.breaker = Breaker(plan.misconfigured_probe_s)
        self._gateway = ReplaceableGateway(gateway)
        self._alarms = alarms
        self.invalid = None
        if plan.addressing is Addressing.DEVICES:
            self.invalid = InvalidTokens(
                name,
                index,
                share_max=plan.invalid_share,
                count_min=plan.invalid_count,
                stop=self._stop_for_good,
                start=self._start_again,
                reopen=partial(sql.ledger.reopen, pool, name),
            )
        pace = self.pace = Pace(plan.rate_per_s, quota)
        candidates = Candidates(
            name,
            index=index,
            areas=areas,
            pool=pool,
            observe_search_s=self.stats.index.observe,
            report_row=claims.unreadable.report_row,
            precedence=precedence,
        )
        addresses = Addresses(
            name, plan.addressing, index=index, forgetting=forgetting, non_default_locales=non_default_locales
        )
        clearances = Clearances(simulated=plan.simulated, pool=pool)
        settlement = Settlement(name, pool=pool, queue=self.queue, ledger=ledger, claims=claims, stats=self.stats)
        messages = self._messages = RefusedMessages(name, self._gateway, alarms)
        self._sweeps = [
            Sweep(
                name,
                claims=claims,
                candidates=candidates,
                pool=pool,
                queue=self.queue,
                invalid_for=plan.invalid_for,
                recipients_max=gateway.recipients_max,
            )
            for _ in range(SWEEPS_PER_LANE)
        ]
        self.entrants = EntrantSource(
            name,
            sifting=Sifting(name, index=index, areas=areas, pool=pool, claims=claims),
            pool=pool,
            claims=claims,
            queue=self.queue,
            recipients_max=gateway.recipients_max,
        )
        self._workers = [
            Worker(
                name,
                queue=self.queue,
                messages=messages,
                addresses=addresses,
                invalid=self.invalid,
                clearances=clearances,
                pace=pace,
                breaker=self.breaker,
                settlement=settlement,
                stats=self.stats,
                alarms=alarms,
            )
            for _ in range(plan.workers)
        ]
        self._removing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._sweeping: list[asyncio.Task[None]] = []
        self._working: list[asyncio.Task[None]] = []

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start sweeps and workers in `group`; one that dies of a bug takes the group down."""
        self._sweeping = [
            group.create_task(sweep.run(), name=f"{self.name} sweep {number}")
            for number, sweep in enumerate(self._sweeps)
        ]
        self._sweeping.append(group.create_task(self.entrants.run(), name=f"{self.name} entrants"))
        self._working = [
            group.create_task(worker.run(), name=f"{self.name} worker {number}")
            for number, worker in enumerate(self._workers)
        ]
        silence = watch_silence(self.name, self.stats, self._alarms, self._is_idle)
        self._watching = group.create_task(silence, name=f"{self.name} silence")
        if self.invalid is not None:
            self._removing = group.create_task(self.invalid.run(), name=f"{self.name} removals")

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """All that runs since `start`."""
        beside = [one for one in (self._removing, self._watching) if one is not None]
        return [*self._sweeping, *self._working, *beside]

    def _is_idle(self) -> bool:
        """Tell whether nothing waits for the provider, which as far as is known works."""
        waits = self.stats.in_flight or self.queue.parked or len(self.queue)
        return not waits and self.breaker.condition is Condition.CLOSED

    def drain_halted(self) -> None:
        """Let halted batches drain now, whatever they wait for."""
        self.queue.unpark_halted()
        self.breaker.wake()

    async def change(self, plan: LanePlan, gateway: Gateway) -> None:
        """Send with another gateway, at the rate and within the shares of `plan`; a lane that was stopped tries again.

        Returns when the gateway before is closed. Workers and the room of the queue stay as they are.
        """
        before = self._gateway.replace(gateway)
        self.plan = plan
        self.pace.change(plan.rate_per_s)
        self._messages.forget()
        self.breaker.misconfigured_probe_s = plan.misconfigured_probe_s
        if self.invalid is not None:
            self.invalid.share_max, self.invalid.count_min = plan.invalid_share, plan.invalid_count
        if self.invalid is None or not self.invalid.tripped:
            self.breaker.try_again()
        await before.close_when_answered()
        # An answer to what was sent before says nothing of what is sent now.
        self._try_again()

    def restart(self) -> None:
        """Try again at once with the gateway that it has, also where the lane was stopped."""
        self._messages.forget()
        self._try_again()

    def _try_again(self) -> None:
        if self.invalid is not None and self.invalid.tripped:
            self.invalid.restart()
        else:
            self.breaker.try_again()

    def _start_again(self) -> None:
        self._alarms.clear(AlarmKind.INVALID_TOKENS, self.name, None)
        self.breaker.try_again()
        _log.info("lane.started_again", lane=self.name)

    def _stop_for_good(self, why: str) -> None:
        self.breaker.stop()
        _log.error("lane.stopped", lane=self.name, reason=why)
        self._alarms.raise_alarm(AlarmKind.INVALID_TOKENS, self.name, None, why)

    async def _end_record(self) -> None:
        """Record what only this process knows."""
        for worker in self._workers:
            await worker.note_cut_off()
        if self.invalid is not None:
            await self.invalid.end()

    async def stop(self, grace_s: float) -> None:
        """Claim and start nothing more; let what is being sent reach the ledger within `grace_s`."""
        for task in self._sweeping:
            task.cancel()
        sending: set[asyncio.Task[None]] = set()
        for worker, task in zip(self._workers, self._working, strict=True):
            if worker.sending:
                worker.retire()
                sending.add(task)
            else:
                task.cancel()
        if sending:
            _, late = await asyncio.wait(sending, timeout=grace_s)
            if late:
                _log.warning("lane.grace_over", lane=self.name, batches=len(late))
        await cancel_and_wait(self.tasks)
        await run_with_timeout(self._end_record(), CUT_OFF_S)
        await self.close()

    async def close(self) -> None:
        """Close what was opened: nothing is sent any longer."""
        self.queue.close()
        await self._gateway.close()
