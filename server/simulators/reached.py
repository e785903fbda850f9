"""Counts how often each token was reached, and with which message.

Bounded: one count a token, and the collapse ids of a token that was reached more than once.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Reached:
    """How often each token was reached, and under which collapse ids."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.requests = 0
        self.accepted = 0
        self.invalid = 0
        self.refused: Counter[str] = Counter()
        self.first_request_at: float | None = None
        self.last_request_at: float | None = None
        self._times: Counter[str] = Counter()
        self._notified: dict[str, str] = {}
        self._repeats: dict[str, list[str]] = {}

    def request(self) -> None:
        """Note that a request came in."""
        self.requests += 1
        self.last_request_at = time.time()
        if self.first_request_at is None:
            self.first_request_at = self.last_request_at

    def accept(self, tokens: Sequence[str], collapse_id: str) -> None:
        """Count tokens that a request reached."""
        self.accepted += len(tokens)
        self._times.update(tokens)
        if self._notified.keys().isdisjoint(tokens):
            self._notified.update(dict.fromkeys(tokens, collapse_id))
            return
        for token in tokens:
            before = self._notified.setdefault(token, collapse_id)
            if self._times[token] > 1:
                self._repeats.setdefault(token, [before]).append(collapse_id)

    def tokens(self) -> list[str]:
        """Return the tokens reached, sorted."""
        return sorted(self._times)

    def repeats(self) -> Iterable[tuple[str, list[str]]]:
        """Return the tokens reached more than once, each with the collapse ids that it was reached under."""
        return self._repeats.items()

    def summary(self) -> dict[str, object]:
        """Return all counts."""
        return {
            "simulated": True,
            "requests": self.requests,
            "accepted": self.accepted,
            "distinct": len(self._times),
            "duplicates": self.accepted - len(self._times),
            "max_per_token": max(self._times.values(), default=0),
            "invalid": self.invalid,
            "refused_requests": dict(self.refused),
            "first_request_at": self.first_request_at,
            "last_request_at": self.last_request_at,
        }
