"""The words of the job as types: what an alert says, which recipients a batch holds, what a provider answered.

Nothing flows here; bounded by construction: a batch holds at most its gateway's recipients a request.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec


class Outcome(enum.StrEnum):
    """What became of one recipient, as the ledger has it; all but `INDETERMINATE` are final."""

    ACCEPTED = "accepted"
    INVALID = "invalid"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    INDETERMINATE = "unsure"
    """Nobody knows whether they were told: tried again, and told how it ended if they never were for certain."""


INDETERMINATE_STATUSES: Final = frozenset({502, 504})
"""HTTP statuses of something before the provider, which may have had the request."""

FINAL: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.INDETERMINATE)


class RecipientStatus(enum.Enum):
    """What a provider said of one recipient: a final outcome, or to try again."""

    ACCEPTED = Outcome.ACCEPTED
    INVALID = Outcome.INVALID
    REFUSED = Outcome.REFUSED
    QUARANTINED = Outcome.QUARANTINED
    """Their token is not good here, but perhaps elsewhere: another environment, another sender. It is kept."""

    INDETERMINATE = Outcome.INDETERMINATE
    """To be tried again, although they may have been told: there was no answer, or none with a meaning."""

    RETRY = None


class RequestStatus(enum.Enum):
    """What a provider said of a whole request."""

    ANSWERED = "answered"
    FAILING = "failing"
    THROTTLED = "throttled"
    MISCONFIGURED = "misconfigured"


class SendResult(msgspec.Struct, frozen=True):
    """A provider's answer.

    `statuses` is in request order; None means that all were accepted (if `ANSWERED`) or are to be tried again.
    `asked` False: nothing was sent, because nobody's token can be this provider's, which says nothing of it.
    `indeterminate`: without fates, all may have been told although the provider did not say so.
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
        """What it says of everybody, where it has no fates."""
        if self.request_status is RequestStatus.ANSWERED:
            return RecipientStatus.ACCEPTED
        return RecipientStatus.INDETERMINATE if self.indeterminate else RecipientStatus.RETRY

    def of_nobody(self) -> SendResult:
        """Return the answer to what would have reached nobody, such as the question for an access token."""
        return msgspec.structs.replace(self, indeterminate=False) if self.indeterminate else self


def merge(
    parts: Iterable[tuple[Sequence[int], SendResult]],
    size: int,
    *,
    decisive: SendResult,
    others: RecipientStatus = RecipientStatus.RETRY,
) -> SendResult:
    """Return the results of parts of a batch as one, each with its places in the batch.

    `decisive` is what is said of the provider and for how long to leave it alone; `others` is what becomes of those in
    no part.
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
    """Return the answer for a message that cannot be cut to what a provider takes: nothing was sent.

    It is this alert's fault and no other's: the lane goes on, and the figures show who was not told.
    """
    return SendResult(RequestStatus.ANSWERED, str(why), [RecipientStatus.REFUSED] * recipients, asked=False)
