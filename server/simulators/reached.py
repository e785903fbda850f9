"""Counts how often each token was reached, and under which collapse ids.

Bounded: one count and one collapse id a token, and all collapse ids of a token that was reached more than once.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Reached:
    """Counts requests, refusals, and how often each token was reached."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Set all counts to zero."""
        self.requests = 0
        self.accepted = 0
        self.invalid = 0
        self.refused: Counter[str] = Counter()
        self.first_request_at: float | None = None
        self.last_request_at: float | None = None
        self._times: Counter[str] = Counter()
        self._first_id: dict[str, str] = {}
        self._repeats: dict[str, list[str]] = {}

    def request(self) -> None:
        """Count a request."""
        self.requests += 1
        self.last_request_at = time.time()
        if self.first_request_at is None:
            self.first_request_at = self.last_request_at

    def accept(self, tokens: Sequence[str], collapse_id: str) -> None:
        """Count the tokens that a request reached."""
        self.accepted += len(tokens)
        self._times.update(tokens)
        if self._first_id.keys().isdisjoint(tokens):
            self._first_id.update(dict.fromkeys(tokens, collapse_id))
            return
        for token in tokens:
            first = self._first_id.setdefault(token, collapse_id)
            if self._times[token] > 1:
                self._repeats.setdefault(token, [first]).append(collapse_id)

    def tokens(self) -> list[str]:
        """Return the tokens reached, sorted."""
        return sorted(self._times)

    def repeats(self) -> Iterable[tuple[str, list[str]]]:
        """Return the tokens reached more than once, each with its collapse ids in order."""
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
