"""When something that answers requests is left alone, and for how long: one policy for lanes, push services, projects.

After `FAILURES_MAX` failures in a row it rests, and is tried again after waits that grow, with full jitter, up to its
own bound below. One that throttles is left alone for as long as it asks, within `RETRY_AFTER_MAX_S`, because an alert
is urgent. One that refuses our credentials is tried again at a fixed interval.
"""

from __future__ import annotations

from typing import Final

from runtime.retry import full_jitter_s

FAILURES_MAX: Final = 5
"""One failure in five requests, say, is borne by trying those again."""

REST_BASE_S: Final = 0.2
LANE_REST_LEAST_S: Final = 0.2
LANE_REST_MAX_S: Final = 5.0
SERVICE_REST_MAX_S: Final = 2.0
"""A push service rests for less than a lane, whose breaker waits as well when no service answers."""

MISCONFIGURED_PROBE_S: Final = 15.0
"""Slow enough not to get an account locked, fast enough to resume soon after a fix on the provider's side."""

THROTTLED_S: Final = 1.0
"""For a provider that throttles and does not say for how long."""

RETRY_AFTER_MAX_S: Final = 60.0
"""However long a provider wishes to be left alone."""


class Failures:
    """Counts failures in a row, and the rests since something last answered."""

    def __init__(self, rest_max_s: float, rest_least_s: float = 0.0) -> None:
        self._rest_max_s = rest_max_s
        self._rest_least_s = rest_least_s
        self._failures = 0
        self._rests = 0

    @property
    def too_many(self) -> bool:
        """Tell whether there were so many failures in a row that it is to rest."""
        return self._failures >= FAILURES_MAX

    def failed(self, requests: int = 1) -> bool:
        """Count failed requests; tells whether there are too many now."""
        self._failures += requests
        return self.too_many

    def answered(self) -> None:
        """Forget all failures and rests."""
        self._failures = self._rests = 0

    def not_rested(self) -> None:
        """Take back the last rest: nothing was asked after it."""
        self._rests = max(0, self._rests - 1)

    def next_rest_s(self) -> float:
        """Return for how long to leave it alone now, longer in the mean each time."""
        self._rests += 1
        return self._rest_least_s + full_jitter_s(self._rests, REST_BASE_S, self._rest_max_s)


def retry_after_s(wanted_s: float | None) -> float:
    """Return for how long one that throttles is left alone, given what it asks for, if it does."""
    return min(wanted_s or THROTTLED_S, RETRY_AFTER_MAX_S)
