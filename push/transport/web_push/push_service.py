"""One push service of a lane that has several: calls flow in, replies flow out, as many at once as it may have.

A service that throttles, or fails FAILURES calls in a row, rests, and its phones wait without a request: so it takes
neither workers nor connections from those of another service. After failures one batch at a time tries it with a few.

    sends all --FAILURES--> rests --over--> one batch tries PROBE_CALLS --answered--> sends all
              --throttled-> rests --over--> sends all

Bounded: `calls_max` at once, rests of at most `REST_CAP_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from push.results import RecipientStatus, RequestStatus, SendResult
from push.transport.token_results import NO_TOKEN
from runtime.retry import full_jitter_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from push.transport.http2 import Reply
    from push.transport.token_results import Ruling

FAILURES: Final = 5
"""As for a whole lane: one failure in five calls, say, is borne by trying those again."""

REST_BASE_S: Final = 0.2
FAILING_CAP_S: Final = 2.0
"""Shorter than a lane's own cap, because the lane's breaker waits as well when nobody else answers."""

REST_CAP_S: Final = 60.0
"""However long a service wishes to be left alone: an alert is urgent."""

THROTTLED_S: Final = 1.0
"""When it does not say for how long."""

PROBE_CALLS: Final = 3
"""Enough to tell whether a service is back, and few to wait for if it hangs."""

_HARM: Final = {
    RequestStatus.ANSWERED: 0,
    RequestStatus.THROTTLED: 1,
    RequestStatus.FAILING: 2,
    RequestStatus.MISCONFIGURED: 3,
}

_log = structlog.get_logger("push.service")


class PushService:
    """What we know of one push service, by the name that the settings give it."""

    def __init__(self, name: str, calls_max: int) -> None:
        self.name = name
        self._slots = asyncio.Semaphore(calls_max)
        self._rests_until_s = 0.0
        self._failures = 0
        self._rests = 0
        self._probing = False
        self._last = SendResult(RequestStatus.ANSWERED)
        self._notified = RequestStatus.ANSWERED

    @property
    def resting(self) -> bool:
        """Tell whether it rests, or is being tried by another batch."""
        return self._rests_s() > 0 or self._probing

    def last_word(self, phones: int) -> SendResult:
        """Return what it last said, for so many phones that nothing was sent to: all of them are tried again."""
        wait_s = max(self._rests_s(), 0.0)
        return SendResult(
            self._last.request_status, self._last.reason, [RecipientStatus.RETRY] * phones, retry_after_s=wait_s
        )

    def _rests_s(self) -> float:
        return self._rests_until_s - asyncio.get_running_loop().time()

    async def call_all(
        self, calls: Sequence[Callable[[], Awaitable[Reply | None]]], rule: Callable[[Reply], Ruling]
    ) -> list[Reply | None]:
        """Make the calls and return the replies in order.

        None: not made, because the service is to rest meanwhile, or by the call itself, which may have no leave.
        """
        probing = self._failures >= FAILURES
        self._probing = self._probing or probing
        made = calls[:PROBE_CALLS] if probing else calls
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._reply_to(call, rule)) for call in made]
        finally:
            self._probing = self._probing and not probing
        return [task.result() for task in tasks] + [None] * (len(calls) - len(made))

    async def _reply_to(
        self, call: Callable[[], Awaitable[Reply | None]], rule: Callable[[Reply], Ruling]
    ) -> Reply | None:
        async with self._slots:
            if self._rests_s() > 0:
                return None
            reply = await call()
            if reply is None:
                return None
            ruling = rule(reply)
            # Whose fault a refusal of our key is, the whole batch tells; only a throttle ends it here.
            if ruling.request_status is RequestStatus.THROTTLED:
                self.note(SendResult(ruling.request_status, ruling.reason, retry_after_s=reply.retry_after_s), 1)
            return reply

    def note(self, answer: SendResult, calls: int) -> None:
        """Rest after an answer to so many calls that says so, and tell the operator when things have changed."""
        self._last = answer
        if answer.request_status is RequestStatus.ANSWERED:
            self._failures = self._rests = 0
        elif answer.request_status is RequestStatus.THROTTLED:
            self._rest(answer.retry_after_s or THROTTLED_S)
        else:
            self._failures += calls
            if self._failures < FAILURES:
                return
            self._rests += 1
            self._rest(full_jitter_s(self._rests, REST_BASE_S, FAILING_CAP_S) + (answer.retry_after_s or 0.0))
        if answer.request_status is not self._notified:
            tell = _log.info if answer.request_status is RequestStatus.ANSWERED else _log.warning
            tell("service.changed", service=self.name, request_status=answer.request_status.value, reason=answer.reason)
            self._notified = answer.request_status

    def _rest(self, wanted_s: float) -> None:
        until_s = asyncio.get_running_loop().time() + min(wanted_s, REST_CAP_S)
        self._rests_until_s = max(self._rests_until_s, until_s)


def together(rows: dict[str, list[int]], answers: dict[str, SendResult], size: int) -> SendResult:
    """Return the answers of several push services as one: the mildest counts, so that the lane goes on for its phones.

    One that was not asked says nothing beside those that were. `rows` by service: whose places in the batch these are;
    who is of no service has a token that is none.
    """
    statuses = [NO_TOKEN.recipient_status] * size
    for name, answer in answers.items():
        for number, row in enumerate(rows[name]):
            statuses[row] = answer.recipient_status if answer.statuses is None else answer.statuses[number]
    nobody = SendResult(RequestStatus.ANSWERED, asked=False)
    mildest = min(answers.values(), key=lambda one: (not one.asked, _HARM[one.request_status]), default=nobody)
    waits_s = [one.retry_after_s for one in answers.values() if one.retry_after_s is not None]
    wait_s = min(waits_s, default=None)
    return SendResult(mildest.request_status, mildest.reason, statuses, wait_s, asked=mildest.asked)
