"""What a provider answers, as values: for a whole request, and for each recipient.

Bounded: a batch holds at most its gateway's recipients a request.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec


class Outcome(enum.StrEnum):
    """The outcome for one recipient, as the ledger has it; all but `INDETERMINATE` are final."""

    ACCEPTED = "accepted"
    INVALID = "invalid"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    """May or may not have been notified: tried again, and sent the follow-up notices all the same."""


INDETERMINATE_STATUSES: Final = frozenset({502, 504})
"""HTTP statuses of a gateway in front of the provider, which may have passed the request on."""

FINAL: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.INDETERMINATE)


class RecipientStatus(enum.Enum):
    """A provider's status for one recipient: a final outcome, or to be tried again."""

    ACCEPTED = "accepted"
    INVALID = "invalid"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    """The token is not good here, but perhaps elsewhere: another environment, another sender. It is kept."""

    MALFORMED = "malformed"
    """Not of the form of the provider's tokens. The provider was not asked: that says nothing of our configuration."""

    INDETERMINATE = "indeterminate"
    """To be tried again, although they may have been notified: there was no answer, or none with a meaning."""

    RETRY = "retry"
    MESSAGE_REFUSED = "message refused"
    """The provider does not take the message, whoever it is for; `push.delivery.refused_messages` settles it."""

    TOKEN_OR_MESSAGE = "token or message"  # noqa: S105 - a status
    """The provider takes the message or the token not, and does not say which; settled as above."""

    @property
    def outcome(self) -> Outcome | None:
        """What the ledger has of it; None where nothing is settled."""
        return _OUTCOMES.get(self)


_OUTCOMES: Final = {
    RecipientStatus.ACCEPTED: Outcome.ACCEPTED,
    RecipientStatus.INVALID: Outcome.INVALID,
    RecipientStatus.REFUSED: Outcome.REFUSED,
    RecipientStatus.QUARANTINED: Outcome.QUARANTINED,
    RecipientStatus.MALFORMED: Outcome.QUARANTINED,
    RecipientStatus.INDETERMINATE: Outcome.INDETERMINATE,
}


class RequestStatus(enum.Enum):
    """A provider's status for a whole request."""

    ANSWERED = "answered"
    FAILING = "failing"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"
    MESSAGE_REFUSED = "message refused"


class SendResult(msgspec.Struct, frozen=True):
    """The result of sending to a batch.

    `statuses` is in request order; None means that all were accepted (if `ANSWERED`) or are to be tried again.
    `asked` False: nothing was sent, which says nothing of the provider.
    `indeterminate`: without `statuses`, all may have been notified although the provider did not say so.
    `dead_since_ms` by place in the request: since when a token is invalid, where the provider says so.
    """

    request_status: RequestStatus
    reason: str = ""
    statuses: Sequence[RecipientStatus] | None = None
    retry_after_s: float | None = None
    dead_since_ms: Mapping[int, int] = {}
    asked: bool = True
    indeterminate: bool = False

    @property
    def recipient_status(self) -> RecipientStatus:
        """The status of every recipient, where there are no `statuses`."""
        if self.request_status is RequestStatus.ANSWERED:
            return RecipientStatus.ACCEPTED
        if self.request_status is RequestStatus.MESSAGE_REFUSED:
            return RecipientStatus.MESSAGE_REFUSED
        return RecipientStatus.INDETERMINATE if self.indeterminate else RecipientStatus.RETRY

    def of_no_recipient(self) -> SendResult:
        """Return the result of a request that reaches no recipient, such as one for an access token."""
        return msgspec.structs.replace(self, indeterminate=False) if self.indeterminate else self


def merge(
    parts: Iterable[tuple[Sequence[int], SendResult]],
    size: int,
    *,
    decisive: SendResult,
    others: RecipientStatus = RecipientStatus.RETRY,
) -> SendResult:
    """Return the results of parts of a batch as one, each with its places in the batch.

    `decisive` gives the request status and for how long to leave the provider alone; `others` is the status of those
    in no part.
    """
    statuses = [others] * size
    since_ms: dict[int, int] = {}
    for rows, result in parts:
        for number, row in enumerate(rows):
            statuses[row] = result.recipient_status if result.statuses is None else result.statuses[number]
            if number in result.dead_since_ms:
                since_ms[row] = result.dead_since_ms[number]
    return SendResult(
        decisive.request_status, decisive.reason, statuses, decisive.retry_after_s, since_ms, asked=decisive.asked
    )


def message_too_large(why: Exception, recipients: int) -> SendResult:
    """Return the result of a message that cannot be truncated to what a provider takes: nothing was sent.

    Only this alert is at fault: the lane goes on, and the counts show who was not notified.
    """
    return SendResult(RequestStatus.ANSWERED, str(why), [RecipientStatus.REFUSED] * recipients, asked=False)
