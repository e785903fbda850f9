"""Answers of token lanes: a ruling for each phone flows in, one answer for the batch flows out.

What a provider says of one token never costs its neighbours; what it says of us (credentials, quota) stops what has not
been sent. Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.garbage import UNSURE_STATUS
from push.model import Answer, Fate, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.transport.http2.group import Reply


class Ruling(msgspec.Struct, frozen=True):
    """What one reply means: for its token, for the lane, and why it is so.

    `since_ms`: since when a token is dead; `retry_after_s`: for how long the provider wants to be left alone;
    `expired`: our credentials have only run out, and with new ones it may be sent again at once.
    """

    fate: Fate
    verdict: Verdict
    reason: str
    since_ms: int | None = None
    retry_after_s: float | None = None
    expired: bool = False


ACCEPTED: Final = Ruling(Fate.ACCEPTED, Verdict.ANSWERED, "accepted")
NO_TOKEN: Final = Ruling(Fate.QUARANTINED, Verdict.ANSWERED, "not of the form of this provider's tokens")
FORBIDDEN: Final = Ruling(Fate.REFUSED, Verdict.ANSWERED, "not for this status")
"""The ruling for a phone that may not be sent to: final, and nothing was sent."""

HTTP_ERROR: Final = 400
_STOPS: Final = frozenset({Verdict.MISCONFIGURED, Verdict.THROTTLED})


def stops(ruling: Ruling) -> bool:
    """Tell whether what has not been sent yet should not be."""
    return ruling.expired or ruling.verdict in _STOPS


def unsettled(reply: Reply, reason: str | None = None) -> Ruling:
    """Return the ruling for a reply that settles nothing: no answer, an error of the provider, or no sense in it.

    A provider is believed that it failed; without its word the phone may have been told.
    """
    why = reason or reply.error or f"HTTP {reply.status}"
    failed = reply.status >= HTTP_ERROR and reply.status not in UNSURE_STATUS
    fate = Fate.AGAIN if failed or not reply.begun else Fate.UNSURE
    return Ruling(fate, Verdict.FAILING, why, retry_after_s=reply.retry_after_s)


def answer_of(rulings: Sequence[Ruling | None]) -> Answer:
    """Return the answer to a batch: what became of each token, and the gravest word about us. None: not begun."""
    if all(ruling is ACCEPTED for ruling in rulings):
        return ALL_ACCEPTED
    fates = [Fate.AGAIN if ruling is None else ruling.fate for ruling in rulings]
    since_ms = {
        row: ruling.since_ms for row, ruling in enumerate(rulings) if ruling is not None and ruling.since_ms is not None
    }
    # A token that nobody was asked about says nothing of the provider.
    said = [one for one in rulings if one is not None and one is not NO_TOKEN and one is not FORBIDDEN]
    gravest = max(said, key=lambda ruling: _GRAVITY[ruling.verdict], default=None)
    answered = any(ruling.verdict is Verdict.ANSWERED for ruling in said)
    wait_s = max((one.retry_after_s for one in said if one.retry_after_s is not None), default=None)
    if gravest is None or (answered and gravest.verdict in {Verdict.ANSWERED, Verdict.FAILING}):
        # A provider that answers some is there; the others are tried again by themselves.
        return Answer(Verdict.ANSWERED, "", fates, wait_s, since_ms, asked=bool(said))
    return Answer(gravest.verdict, gravest.reason, fates, wait_s, since_ms)


ALL_ACCEPTED: Final = Answer(Verdict.ANSWERED)
_GRAVITY: Final = {Verdict.ANSWERED: 0, Verdict.FAILING: 1, Verdict.THROTTLED: 2, Verdict.MISCONFIGURED: 3}
