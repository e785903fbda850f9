"""Results of batch lanes: what a provider's codes mean for a request and for its tokens.

Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.results import RecipientStatus, RequestStatus, SendResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_QUOTA_S: Final = 3600.0
"""A quota of the day is not used up for less than this; the lane's own cap decides how soon it looks again."""


CODE_MAX: Final = 10**10
"""Providers' codes have up to eight digits."""


class CodeMeaning(msgspec.Struct, frozen=True):
    """What a code means for the lane, why, and what it says of every recipient, if it says that."""

    request_status: RequestStatus
    reason: str
    recipient_status: RecipientStatus | None = None
    retry_after_s: float | None = None


def result_for_all(meaning: CodeMeaning, recipients: int, retry_after_s: float | None = None) -> SendResult:
    """Return the result of a whole request by what its code means."""
    statuses = None if meaning.recipient_status is None else [meaning.recipient_status] * recipients
    return SendResult(meaning.request_status, meaning.reason, statuses, retry_after_s or meaning.retry_after_s)


def result_by_code(
    codes: Mapping[int, CodeMeaning], code: int, recipients: int, retry_after_s: float | None = None
) -> SendResult:
    """Return the result by a table of codes; an unknown one counts as failing, and the recipients stay due."""
    meaning = codes.get(code) or CodeMeaning(RequestStatus.FAILING, unknown_code(code))
    return result_for_all(meaning, recipients, retry_after_s)


def unknown_code(code: int) -> str:
    """Return what is said of a code in no table; a number of thousands of digits is none."""
    return f"an unknown code ({code})" if abs(code) < CODE_MAX else "an unknown code"


def accepted_but(bad: Mapping[bytes, RecipientStatus], tokens: Sequence[bytes]) -> SendResult:
    """Return the result of a request of which all tokens but the `bad` ones were accepted."""
    statuses = [bad.get(token, RecipientStatus.ACCEPTED) for token in tokens] if bad else None
    return SendResult(RequestStatus.ANSWERED, "accepted", statuses)
