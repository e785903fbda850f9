"""What a lane counts, as plain numbers for the feed and the metrics.

Nothing here speaks Prometheus: `handlers.ops.metrics` reads these. Bounded: histograms have fixed buckets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


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

    `of_kind`: recipients by outcome, notice and who is missing.
    """

    def __init__(self) -> None:
        self.recipients: Counter[tuple[str, str, int]] = Counter()
        self.of_kind: Counter[tuple[str, str, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self.provider = Histogram()
        self.index = Histogram()
        self.in_flight = 0
