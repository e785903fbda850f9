"""One push service of a lane that has several: makes its calls, as many at once as it may have.

A service that throttles, or fails `FAILURES_MAX` calls in a row, rests, and its phones wait without a request: so it
takes neither workers nor connections from another service. After failures one batch at a time tries it with a few.

    sends all --failures--> rests --over--> one batch tries PROBE_CALLS --answered--> sends all
              --throttled-> rests --over--> sends all

Bounded: `calls_max` at once, rests of at most `RETRY_AFTER_MAX_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from push.results import RecipientStatus, RequestStatus, SendResult, merge
from push.transport.retry_policy import RETRY_AFTER_MAX_S, SERVICE_REST_MAX_S, Failures, retry_after_s
from push.transport.token_results import MALFORMED_TOKEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from push.transport.http2 import Reply
    from push.transport.token_results import CallResult

PROBE_CALLS: Final = 3
"""Enough to tell whether a service is back, and few to wait for if it hangs."""

_HARM: Final = {
    RequestStatus.ANSWERED: 0,
    RequestStatus.THROTTLED: 1,
    RequestStatus.FAILING: 2,
    RequestStatus.MISCONFIGURED: 3,
    RequestStatus.MESSAGE_REFUSED: 3,
}

_log = structlog.get_logger("push.service")


class PushService:
    """What we know of one push service, by the name that the settings give it."""

    def __init__(self, name: str, calls_max: int) -> None:
        self.name = name
        self._slots = asyncio.Semaphore(calls_max)
        self._rests_until_s = 0.0
        self._failures = Failures(SERVICE_REST_MAX_S)
        self._probing = False
        self._last = SendResult(RequestStatus.ANSWERED)
        self._logged = RequestStatus.ANSWERED

    @property
    def resting(self) -> bool:
        """Tell whether it rests, or is being tried by another batch."""
        return self._rests_s() > 0 or self._probing

    def last_result(self, phones: int) -> SendResult:
        """Return its last result for so many phones that nothing was sent to: all of them are tried again."""
        wait_s = max(self._rests_s(), 0.0)
        return SendResult(
            self._last.request_status, self._last.reason, [RecipientStatus.RETRY] * phones, retry_after_s=wait_s
        )

    def _rests_s(self) -> float:
        return self._rests_until_s - asyncio.get_running_loop().time()

    async def call_all(
        self, calls: Sequence[Callable[[], Awaitable[Reply | None]]], judge: Callable[[Reply], CallResult]
    ) -> list[Reply | None]:
        """Make the calls and return the replies in order.

        None: not made, because the service rests meanwhile, or because the call itself may not send any more.
        """
        probing = self._failures.too_many
        self._probing = self._probing or probing
        made = calls[:PROBE_CALLS] if probing else calls
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._reply_to(call, judge)) for call in made]
        finally:
            self._probing = self._probing and not probing
        return [task.result() for task in tasks] + [None] * (len(calls) - len(made))

    async def _reply_to(
        self, call: Callable[[], Awaitable[Reply | None]], judge: Callable[[Reply], CallResult]
    ) -> Reply | None:
        async with self._slots:
            if self._rests_s() > 0:
                return None
            reply = await call()
            if reply is None:
                return None
            result = judge(reply)
            # The whole batch shows whose fault a refusal of our key is; only a throttle ends it here.
            if result.request_status is RequestStatus.THROTTLED:
                self.note(SendResult(result.request_status, result.reason, retry_after_s=reply.retry_after_s), 1)
            return reply

    def note(self, result: SendResult, calls: int) -> None:
        """Rest if the result of so many calls says so, and log when the status has changed."""
        self._last = result
        if result.request_status is RequestStatus.ANSWERED:
            self._failures.answered()
        elif result.request_status is RequestStatus.THROTTLED:
            self._rest(retry_after_s(result.retry_after_s))
        else:
            if not self._failures.failed(calls):
                return
            self._rest(self._failures.next_rest_s() + (result.retry_after_s or 0.0))
        if result.request_status is not self._logged:
            log = _log.info if result.request_status is RequestStatus.ANSWERED else _log.warning
            log("service.changed", service=self.name, request_status=result.request_status.value, reason=result.reason)
            self._logged = result.request_status

    def _rest(self, wanted_s: float) -> None:
        until_s = asyncio.get_running_loop().time() + min(wanted_s, RETRY_AFTER_MAX_S)
        self._rests_until_s = max(self._rests_until_s, until_s)


def merge_services(rows: dict[str, list[int]], results: dict[str, SendResult], size: int) -> SendResult:
    """Return the results of several push services as one: the mildest counts, so that the lane goes on for its phones.

    One that was not asked says nothing beside those that were. `rows` by service: whose places in the batch these are;
    who is of no service has a token that is none.
    """
    unasked = SendResult(RequestStatus.ANSWERED, asked=False)
    mildest = min(results.values(), key=lambda one: (not one.asked, _HARM[one.request_status]), default=unasked)
    waits_s = [one.retry_after_s for one in results.values() if one.retry_after_s is not None]
    return merge(
        ((rows[name], result) for name, result in results.items()),
        size,
        decisive=msgspec.structs.replace(mildest, retry_after_s=min(waits_s, default=None)),
        others=MALFORMED_TOKEN.recipient_status,
    )
