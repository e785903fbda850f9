"""Answers of token lanes: one reply for each phone flows in, one answer for the batch flows out.

What a provider says of one token never costs its neighbours; what it says of us (credentials, quota) stops what has not
been sent. Bounded by the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from push.model import Answer, Fate, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.http2 import Reply


class Ruling(msgspec.Struct, frozen=True):
    """What one reply means: for its token, for the lane, and why it is so; `since_ms`: since when a token is dead."""

    fate: Fate
    verdict: Verdict
    reason: str
    since_ms: int | None = None


ACCEPTED: Final = Ruling(Fate.ACCEPTED, Verdict.ANSWERED, "accepted")
NO_TOKEN: Final = Ruling(Fate.QUARANTINED, Verdict.ANSWERED, "not of the form of this provider's tokens")
_STOPS: Final = frozenset({Verdict.MISCONFIGURED, Verdict.THROTTLED})


def stops(ruling: Ruling) -> bool:
    """Tell whether what has not been sent yet should not be."""
    return ruling.verdict in _STOPS


def answer_of(replies: Sequence[Reply | Ruling | None], rule: Callable[[Reply], Ruling]) -> Answer:
    """Return the answer to a batch: what became of each token, and the gravest word about us."""
    fates: list[Fate] = []
    since_ms: dict[int, int] = {}
    gravest: Ruling | None = None
    retry_after_s: float | None = None
    answered = False
    for row, reply in enumerate(replies):
        if reply is None:
            fates.append(Fate.AGAIN)
            continue
        ruling = reply if isinstance(reply, Ruling) else rule(reply)
        fates.append(ruling.fate)
        if ruling.since_ms is not None:
            since_ms[row] = ruling.since_ms
        answered = answered or ruling.verdict is Verdict.ANSWERED
        if ruling.verdict is not Verdict.ANSWERED and (
            gravest is None or _GRAVITY[ruling.verdict] > _GRAVITY[gravest.verdict]
        ):
            gravest = ruling
            if not isinstance(reply, Ruling):
                retry_after_s = reply.retry_after_s
    if gravest is None or (answered and gravest.verdict is Verdict.FAILING):
        # A provider that answers some is there; the others are tried again by themselves.
        return Answer(Verdict.ANSWERED, fates=fates, dead_since_ms=since_ms)
    return Answer(gravest.verdict, gravest.reason, fates, retry_after_s, since_ms)


_GRAVITY: Final = {Verdict.FAILING: 1, Verdict.THROTTLED: 2, Verdict.MISCONFIGURED: 3}
