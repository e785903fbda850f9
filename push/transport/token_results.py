"""Results of token lanes: what each reply means for its phone, and one result for the batch.

What a provider says of one token never costs its neighbours; what it says of us (credentials, quota) stops what has not
been sent. Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.results import INDETERMINATE_STATUSES, RecipientStatus, RequestStatus, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.transport.http2.reply import Reply


class CallResult(msgspec.Struct, frozen=True):
    """What one reply means: for its token, for the lane, and why it is so.

    `since_ms`: since when a token is dead; `retry_after_s`: for how long the provider wants to be left alone;
    `expired`: our credentials have only run out, and with new ones it may be sent again at once.
    `flooded`: the provider floods us, which counts as its failure although it answers other calls.
    """

    recipient_status: RecipientStatus
    request_status: RequestStatus
    reason: str
    since_ms: int | None = None
    retry_after_s: float | None = None
    expired: bool = False
    flooded: bool = False


ACCEPTED: Final = CallResult(RecipientStatus.ACCEPTED, RequestStatus.ANSWERED, "accepted")
MALFORMED_TOKEN: Final = CallResult(
    RecipientStatus.MALFORMED, RequestStatus.ANSWERED, "not of the form of this provider's tokens"
)
FORBIDDEN: Final = CallResult(RecipientStatus.REFUSED, RequestStatus.ANSWERED, "not for this status")
"""For a phone that may not be sent to: final, and nothing was sent."""

HTTP_ERROR: Final = 400
_STOPS: Final = frozenset({RequestStatus.MISCONFIGURED, RequestStatus.THROTTLED})


def stops(result: CallResult) -> bool:
    """Tell whether what has not been sent yet should not be."""
    return result.expired or result.request_status in _STOPS


def unsettled(reply: Reply, reason: str | None = None) -> CallResult:
    """Return the result of a reply that settles nothing: no answer, an error of the provider, or one without sense.

    A provider that says it failed is believed; otherwise the phone may have been notified.
    """
    why = reason or reply.error or f"HTTP {reply.status}"
    failed = reply.status >= HTTP_ERROR and reply.status not in INDETERMINATE_STATUSES
    recipient_status = RecipientStatus.RETRY if failed or not reply.begun else RecipientStatus.INDETERMINATE
    return CallResult(
        recipient_status, RequestStatus.FAILING, why, retry_after_s=reply.retry_after_s, flooded=reply.flooded
    )


def result_of_calls(results: Sequence[CallResult | None]) -> SendResult:
    """Return the result of a batch: the status of each token, and the gravest one about us. None: not begun."""
    if all(result is ACCEPTED for result in results):
        return ALL_ACCEPTED
    statuses = [RecipientStatus.RETRY if result is None else result.recipient_status for result in results]
    since_ms = {
        row: result.since_ms for row, result in enumerate(results) if result is not None and result.since_ms is not None
    }
    # A token that was not sent to says nothing of the provider.
    answers = [one for one in results if one is not None and one is not MALFORMED_TOKEN and one is not FORBIDDEN]
    gravest = max(answers, key=lambda result: _GRAVITY[result.request_status], default=None)
    answered = any(result.request_status is RequestStatus.ANSWERED for result in answers)
    answered = answered and not any(result.flooded for result in answers)
    wait_s = max((one.retry_after_s for one in answers if one.retry_after_s is not None), default=None)
    if gravest is None or (answered and gravest.request_status in {RequestStatus.ANSWERED, RequestStatus.FAILING}):
        # A provider that answers some is there; the others are tried again by themselves.
        return SendResult(RequestStatus.ANSWERED, "", statuses, wait_s, since_ms, asked=bool(answers))
    return SendResult(gravest.request_status, gravest.reason, statuses, wait_s, since_ms)


ALL_ACCEPTED: Final = SendResult(RequestStatus.ANSWERED)
_GRAVITY: Final = {
    RequestStatus.ANSWERED: 0,
    RequestStatus.FAILING: 1,
    RequestStatus.THROTTLED: 2,
    RequestStatus.MISCONFIGURED: 3,
    RequestStatus.MESSAGE_REFUSED: 3,
}
