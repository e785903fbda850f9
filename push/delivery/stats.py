"""What a lane counts, as plain numbers for the feed and the metrics.

Nothing here speaks Prometheus: `handlers.ops.metrics` reads these. Bounded: histograms have fixed buckets.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from datetime import datetime
from typing import Final

import msgspec

from runtime.clock import now

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


ERRORS_MAX: Final = 5
REASON_MAX: Final = 200
TOKEN_LIKE: Final = re.compile(r"[\w+/=:-]{24,}")
"""No word of a language or of a provider's list of errors is so long: a token, an id or an address may be."""


class LastError(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answered to whole requests, when last, and how often since the process started."""

    status: str
    reason: str
    count: int
    at: datetime


class LastErrors:
    """The last different errors of a lane: `ERRORS_MAX` of them, the newest last."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], LastError] = {}

    def note(self, status: str, reason: str) -> None:
        """Note an error, without anything in it that may be the token of a person."""
        shown = TOKEN_LIKE.sub("…", reason)[:REASON_MAX]
        before = self._found.pop((status, shown), None)
        count = 1 if before is None else before.count + 1
        self._found[status, shown] = LastError(status=status, reason=shown, count=count, at=now())
        if len(self._found) > ERRORS_MAX:
            del self._found[next(iter(self._found))]

    @property
    def newest_first(self) -> list[LastError]:
        """Return them, the newest first."""
        return [*self._found.values()][::-1]


class Histogram:
    """Counts of observations in seconds by upper bound, the last bucket being unbounded."""

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.sum_s += seconds


class LaneStats:
    """One lane's counts in this process since it started; recipients by outcome, notice and ring.

    `of_kind`: recipients by outcome, notice and who is missing. `unanswered_since_s`: since when (loop time) requests
    wait, and none was answered; None while none waits.
    """

    def __init__(self) -> None:
        self.recipients: Counter[tuple[str, str, int]] = Counter()
        self.of_kind: Counter[tuple[str, str, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self.provider = Histogram()
        self.index = Histogram()
        self.in_flight = 0
        self.unanswered_since_s: float | None = None
        self.errors = LastErrors()

    def asked(self, now_s: float) -> None:
        """Note that a request begins."""
        if not self.in_flight:
            self.unanswered_since_s = now_s
        self.in_flight += 1

    def answered(self, now_s: float) -> None:
        """Note that a request is answered, or that its answer will never be known."""
        self.in_flight -= 1
        self.unanswered_since_s = now_s if self.in_flight else None
