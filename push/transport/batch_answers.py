"""Answers of batch lanes: what a provider said of a request or of its tokens flows in, one answer flows out.

Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.model import Answer, Fate, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_QUOTA_S: Final = 3600.0
"""A quota of the day is not used up for less than this; the lane's own cap decides how soon it looks again."""


class Ruling(msgspec.Struct, frozen=True):
    """What a code means for the lane, why, and what it says of every recipient, if it says that."""

    verdict: Verdict
    reason: str
    fate: Fate | None = None
    retry_after_s: float | None = None


def answer_to_all(ruling: Ruling, recipients: int, retry_after_s: float | None = None) -> Answer:
    """Return what a code says of a whole request."""
    fates = None if ruling.fate is None else [ruling.fate] * recipients
    return Answer(ruling.verdict, ruling.reason, fates, retry_after_s or ruling.retry_after_s)


def by_code(codes: Mapping[int, Ruling], code: int, recipients: int, retry_after_s: float | None = None) -> Answer:
    """Return what a table says of a code. An unknown one counts as failing: recipients stay due, the breaker limits."""
    ruling = codes.get(code) or Ruling(Verdict.FAILING, f"an unknown code ({code})")
    return answer_to_all(ruling, recipients, retry_after_s)


def accepted_but(bad: Mapping[bytes, Fate], tokens: Sequence[bytes]) -> Answer:
    """Return the answer to a request that all of its tokens but the `bad` ones were accepted of."""
    fates = [bad.get(token, Fate.ACCEPTED) for token in tokens] if bad else None
    return Answer(Verdict.ANSWERED, "accepted", fates)
