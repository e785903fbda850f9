"""Workers: take batches from the lane's queue, send them to the provider, and have their outcomes settled.

Bounded: one request a worker at a time; a failed batch is parked with a jittered delay and blocks no worker; retries
end with the alert's expiry, when the recipients are recorded as failed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from push.alarm_kinds import AlarmKind
from push.delivery.breaker import Condition
from push.delivery.outcomes import OPTED_OUT, merge_results, sort_outcomes
from push.message.truncation import MessageTooLargeError
from push.results import Outcome, RequestStatus, SendResult, merge, message_too_large
from push.transport.retry_policy import RETRY_AFTER_MAX_S, retry_after_s
from runtime.retry import full_jitter_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.alarms import AlarmBoard
    from push.delivery.addresses import Addresses
    from push.delivery.breaker import Breaker
    from push.delivery.clearance import Clearances
    from push.delivery.invalid_tokens import InvalidTokens
    from push.delivery.outcomes import Addressed
    from push.delivery.refused_messages import RefusedMessages
    from push.delivery.settlement import Settlement
    from push.delivery.stats import LaneStats
    from push.fanout.claims.unit import Batch
    from push.fanout.queue import LaneQueue
    from push.provider import Clearance
    from push.transport.pace import Pace

RECORD_WAIT_S = 0.2
PROBE_RECIPIENTS = 10
"""Enough to tell whether a provider is back, and few to be refused if it is not."""

RENDERING_ERRORS: Final = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError)
"""What a text that nobody wrote so raises where it is made a request of: its unit fails, as with other bad rows."""

_log = structlog.get_logger("push.delivery.worker")


class Worker:
    """Sends batch after batch of one lane."""

    def __init__(
        self,
        lane: str,
        *,
        queue: LaneQueue,
        messages: RefusedMessages,
        addresses: Addresses,
        invalid: InvalidTokens | None,
        clearances: Clearances,
        pace: Pace,
        breaker: Breaker,
        settlement: Settlement,
        stats: LaneStats,
        alarms: AlarmBoard,
    ) -> None:
        self._lane = lane
        self._queue = queue
        self._messages = messages
        self._addresses = addresses
        self._invalid = invalid
        self._clearances = clearances
        self._pace = pace
        self._breaker = breaker
        self._settlement = settlement
        self._stats = stats
        self._alarms = alarms
        self._retiring = False
        self._cut_off: tuple[Batch, SendResult] | None = None
        self.sending = False
        self._has_asked = False

    def retire(self) -> None:
        """Take no further batch after the one being sent."""
        self._retiring = True

    async def note_cut_off(self) -> None:
        """Record what is known of the batch whose request the end of this worker cut off."""
        if self._cut_off is not None:
            batch, result = self._cut_off
            await self._settlement.record_cut_off(batch, sort_outcomes(result)[0])

    async def run(self) -> None:
        """Send until retired or cancelled; cancelled only while `sending` is False, or after the grace time."""
        while not self._retiring:
            batch = await self._queue.get()
            # What is stopped leaves the probes to what may be sent once the provider is back.
            probing = await self._breaker.wait_for_turn(batch.is_over)
            if batch.unit.over:
                await self._settlement.drain(batch)
                continue
            await self._pace.take(batch.size)
            self.sending, self._has_asked = True, False
            try:
                await self._handle(batch, probing=probing)
            finally:
                self.sending = False
            if probing and not self._has_asked:
                # Nobody of it wanted a message, say: that tells nothing of the provider.
                self._breaker.give_turn_back()

    async def _handle(self, batch: Batch, *, probing: bool) -> None:
        is_put_off = batch.unit.is_put_off(asyncio.get_running_loop().time())
        if batch.unit.over or is_put_off or self._settlement.is_held_up(batch):
            await self._settlement.drain(batch)
            return
        if not self._settlement.is_recorded or not batch.unit.may_send(asyncio.get_running_loop().time()):
            # Whether it may still be sent is known when PostgreSQL answers again; until then nothing is.
            self._queue.park(batch, RECORD_WAIT_S)
            return
        if batch.unit.expires_s <= asyncio.get_running_loop().time():
            await self._settlement.settle(batch, {Outcome.FAILED: None})
            return
        clearance = await self._clearances.of(batch)
        addressed = None if clearance is None else await self._addresses.of(batch)
        if clearance is None or addressed is None:
            self._queue.park(batch, full_jitter_s(1))
            return
        if addressed.opted_out:
            self._stats.recipients[OPTED_OUT, batch.unit.row.notice, batch.unit.row.ring] += addressed.opted_out
            batch.unit.opted_out += addressed.opted_out
        if not batch.recipients:
            await self._settlement.settle(batch, {})
            return
        # Rather no reminder than two: it is in the ledger before it can have reached anybody.
        if batch.unit.is_reminder and not await self._settlement.announce(batch):
            self._queue.park(batch, RECORD_WAIT_S)
            return
        batch.attempts += 1
        result = await self._send(batch, addressed, clearance, PROBE_RECIPIENTS if probing else batch.size)
        await self._after(batch, addressed, result)

    async def _send(self, batch: Batch, addressed: Addressed, clearance: Clearance, recipients_max: int) -> SendResult:
        """Send to the first `recipients_max`, one request for each message; those left come back to be tried again."""
        loop = asyncio.get_running_loop()
        parts: list[tuple[Sequence[int], SendResult]] = []
        for locale, silent, rows in addressed.by_message(recipients_max):
            started_s = loop.time()
            self._stats.asked(started_s)
            try:
                message = batch.unit.message(locale, silent=silent)
                result = await self._messages.send(message, addressed.chosen(rows), clearance)
            except MessageTooLargeError as error:
                result = message_too_large(error, len(rows))
            except RENDERING_ERRORS as error:
                # Requests may have been made before; the provider is not at fault, and all other units go on.
                self._settlement.fail(batch, type(error).__name__)
                result = SendResult(RequestStatus.FAILING, type(error).__name__, indeterminate=True, asked=False)
            except asyncio.CancelledError:
                # At the end of the grace time: the outcome of this request will never be known. Those in no request
                # yet got nothing, and are nobody's who may have been notified.
                unknown = SendResult(RequestStatus.FAILING, "cut off", indeterminate=True)
                self._cut_off = batch, merge([*parts, (rows, unknown)], batch.size, decisive=unknown)
                raise
            finally:
                self._stats.answered(loop.time())
            self._stats.provider.observe(loop.time() - started_s)
            self._stats.requests[result.request_status.value] += 1
            self._has_asked = self._has_asked or result.asked
            parts.append((rows, result))
            if result.request_status is not RequestStatus.ANSWERED:
                break
        return merge_results(parts, batch.size)

    async def _after(self, batch: Batch, addressed: Addressed, result: SendResult) -> None:
        if result.asked:
            await self._apply(result)
        if result.statuses is None and result.request_status is not RequestStatus.ANSWERED:
            if result.indeterminate and batch.unit.is_reminder:
                await self._settlement.settle(batch, {Outcome.INDETERMINATE: None})
                return
            if result.indeterminate and not await self._settlement.record_indeterminate(batch):
                return
            self._queue.park(batch, self._delay_s(batch, result))
            return
        settled, again = sort_outcomes(result)
        if (indeterminate := settled.get(Outcome.INDETERMINATE)) is not None:
            batch.add_indeterminate(indeterminate)
            if batch.unit.is_reminder and again is not None:
                again = rest if (rest := again & ~indeterminate).any() else None
        if self._invalid is not None:
            self._invalid.observe(*addressed.judged(batch.users, result))
        await self._settlement.settle(batch, settled, again, self._delay_s(batch, result))

    async def _apply(self, result: SendResult) -> None:
        """Open or close the breaker, slow down, and raise or clear alarms, as the provider answers."""
        if result.request_status is not RequestStatus.ANSWERED:
            self._stats.errors.note(result.request_status.value, result.reason)
        if result.request_status is RequestStatus.ANSWERED:
            if self._breaker.answered():
                _log.info("lane.resumed", lane=self._lane)
            self._alarms.clear_lane(self._lane)
        elif result.request_status is RequestStatus.THROTTLED:
            await self._pace.throttled(retry_after_s(result.retry_after_s))
            self._alarms.lane(self._lane, AlarmKind.THROTTLED, result.reason)
        elif result.request_status is RequestStatus.MISCONFIGURED:
            if self._breaker.misconfigured():
                _log.error("lane.misconfigured", lane=self._lane, reason=result.reason)
            self._alarms.lane(self._lane, AlarmKind.MISCONFIGURED, result.reason)
        else:
            if self._breaker.failed():
                _log.error("lane.outage", lane=self._lane, reason=result.reason)
                # It may have been silent before: now it is known why.
                self._alarms.restate(AlarmKind.OUTAGE, self._lane, None, result.reason)
            # One phone that cannot be reached holds back no other; a provider that is down is left alone as it asks.
            if result.retry_after_s and self._breaker.condition is not Condition.CLOSED:
                await self._pace.throttled(result.retry_after_s)

    def _delay_s(self, batch: Batch, result: SendResult) -> float:
        jitter_s = full_jitter_s(batch.attempts)
        return jitter_s + min(result.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
