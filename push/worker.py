"""Workers: batches flow in from the lane's queue, requests flow out to the provider, outcomes to the ledger.

Bounded: one request a worker at a time; a failed batch is parked with a jittered delay and blocks no worker; retries
end with the alert's expiry, when the recipients are recorded as failed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import structlog

from geo.connection import AWAY as INDEX_AWAY
from push.backoff import full_jitter_s
from push.ledger import rows_of
from push.model import Answer, Batch, Fate, Outcome, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.forgetting import Forgetting
    from geo.index import PositionIndex
    from push.alarms import AlarmBoard
    from push.breaker import Breaker
    from push.claims import Claims
    from push.ledger import Ledger, Settled
    from push.model import Gateway
    from push.pace import Pace
    from push.queue import LaneQueue
    from push.stats import LaneStats

THROTTLE_DEFAULT_S = 1.0
RETRY_AFTER_CAP_S = 60.0
LEASE_WAIT_S = 0.2

_log = structlog.get_logger("push.worker")


class Worker:
    """Sends batch after batch of one lane."""

    def __init__(
        self,
        lane: str,
        *,
        queue: LaneQueue,
        gateway: Gateway,
        index: PositionIndex,
        forgetting: Forgetting,
        pace: Pace,
        breaker: Breaker,
        ledger: Ledger,
        claims: Claims,
        stats: LaneStats,
        alarms: AlarmBoard,
    ) -> None:
        self._lane = lane
        self._queue = queue
        self._gateway = gateway
        self._index = index
        self._forgetting = forgetting
        self._pace = pace
        self._breaker = breaker
        self._ledger = ledger
        self._claims = claims
        self._stats = stats
        self._alarms = alarms
        self._retiring = False
        self.sending = False

    def retire(self) -> None:
        """Take no further batch after the one being sent."""
        self._retiring = True

    async def run(self) -> None:
        """Send until retired or cancelled; cancelled only while `sending` is False, or after the grace time."""
        while not self._retiring:
            batch = await self._queue.get()
            await self._breaker.permit()
            await self._pace.take(batch.size)
            self.sending = True
            try:
                await self._handle(batch)
            finally:
                self.sending = False

    async def _handle(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        if batch.unit.dropped:
            self._queue.settled()
            return
        if loop.time() >= batch.unit.lease_until_s:
            # Whether the lease still stands is known when PostgreSQL answers again; until then nothing is sent.
            self._queue.park(batch, LEASE_WAIT_S)
            return
        if batch.message.expires <= datetime.now(UTC):
            await self._settle(batch, {Outcome.FAILED: None})
            return
        if not await self._still_there(batch):
            self._queue.park(batch, full_jitter_s(1))
            return
        if not batch.recipients:
            await self._settle(batch, {})
            return
        batch.attempts += 1
        started_s = loop.time()
        self._stats.in_flight += 1
        try:
            answer = await self._gateway.send(batch.message, batch.recipients)
        finally:
            self._stats.in_flight -= 1
        self._stats.provider.observe(loop.time() - started_s)
        self._stats.requests[answer.verdict.value] += 1
        await self._after(batch, answer)

    async def _still_there(self, batch: Batch) -> bool:
        """Take out who was forgotten, or long after the search who left the lane; False when Redis cannot say."""
        looks_again = self._forgetting.must_look(batch.found_s)
        wanted = self._forgetting.remaining(batch.recipients)
        if looks_again:
            try:
                there = await self._index.present(self._lane, batch.users)
            except (*INDEX_AWAY, TimeoutError):
                return False
            wanted = there if wanted is None else there & wanted
            batch.found_s = asyncio.get_running_loop().time()
        if wanted is not None and not wanted.all():
            batch.keep(wanted)
        return True

    async def _after(self, batch: Batch, answer: Answer) -> None:
        if answer.verdict is Verdict.ANSWERED:
            if self._breaker.answered():
                _log.info("lane.resumed", lane=self._lane)
            self._alarms.clear_lane(self._lane)
            settled, again = _sort(answer)
            await self._settle(batch, settled, then=None if again is None else _rest(batch, again))
            return
        if answer.verdict is Verdict.THROTTLED:
            self._pace.throttled(answer.retry_after_s or THROTTLE_DEFAULT_S)
            self._alarms.lane(self._lane, "throttled", answer.reason)
        elif answer.verdict is Verdict.MISCONFIGURED:
            if self._breaker.misconfigured():
                _log.error("lane.misconfigured", lane=self._lane, reason=answer.reason)
            self._alarms.lane(self._lane, "misconfigured", answer.reason)
        elif self._breaker.failed():
            _log.error("lane.outage", lane=self._lane, reason=answer.reason)
            self._alarms.lane(self._lane, "outage", answer.reason)
        self._queue.park(batch, self._delay_s(batch, answer))

    def _delay_s(self, batch: Batch, answer: Answer) -> float:
        jitter_s = full_jitter_s(batch.attempts)
        return jitter_s + min(answer.retry_after_s or 0.0, RETRY_AFTER_CAP_S)

    async def _settle(self, batch: Batch, settled: Settled, then: Batch | None = None) -> None:
        rows = rows_of(batch, settled, self._lane)
        if rows:
            await self._ledger.record(rows)
        for row in rows:
            self._stats.recipients[row.outcome] += row.recipients
        batch.unit.batches.discard(batch)
        if then is not None:
            batch.unit.batches.add(then)
            self._queue.park(then, full_jitter_s(then.attempts))
            return
        self._queue.settled()
        await self._claims.finish_if_complete(batch.unit)


def _sort(answer: Answer) -> tuple[Settled, NDArray[np.bool_] | None]:
    """Sort recipients by what their provider said of each: the settled by outcome, and who is to be tried again."""
    if answer.fates is None:
        return {Outcome.ACCEPTED: None}, None
    masks = {fate: np.array([one is fate for one in answer.fates]) for fate in set(answer.fates)}
    again = masks.pop(Fate.AGAIN, None)
    return {fate.value: mask for fate, mask in masks.items() if fate.value is not None}, again


def _rest(batch: Batch, again: NDArray[np.bool_]) -> Batch:
    """Return the batch of those to be tried again."""
    rest = Batch(
        batch.unit, batch.message, batch.recipients, batch.users, attempts=batch.attempts, found_s=batch.found_s
    )
    rest.keep(again)
    return rest
