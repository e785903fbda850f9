"""Counts how often each account was reached, for tens of millions of accounts.

Bounded: `PENDING_MAX` accounts wait to be merged, 8 bytes each; a merged account costs 16 bytes; `TITLES_MAX` titles,
and as many messages.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - used in annotations of attributes

PENDING_MAX = 100_000_000
"""A nation: a merge of so many takes half a minute, in which nothing is answered."""

TITLES_MAX = 64


class Counts:
    """Counts requests, refusals, and how often each account was reached."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Set all counts to zero."""
        self.requests = 0
        self.invalid = 0
        self.refused: dict[str, int] = {}
        self.titles: Counter[str] = Counter()
        self.messages: set[tuple[str, str]] = set()
        self.first_by_title: dict[str, float] = {}
        self.last_by_title: dict[str, float] = {}
        self.first_request_at: float | None = None
        self.last_request_at: float | None = None
        self._pending: list[NDArray[np.int64]] = []
        self._pending_accounts = 0
        self._accounts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._times: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def request(self) -> float:
        """Count a request; returns the time, in seconds since the epoch."""
        self.requests += 1
        self.last_request_at = time.time()
        if self.first_request_at is None:
            self.first_request_at = self.last_request_at
        return self.last_request_at

    def refuse(self, why: str) -> None:
        """Count a request that was refused as a whole."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def accept(self, accounts: list[str], title: str, body: str, at: float) -> None:
        """Count the accounts that a request reached at the time `at`, by title, and keep the message."""
        if len(self.messages) < TITLES_MAX:
            self.messages.add((title, body))
        if title in self.titles or len(self.titles) < TITLES_MAX:
            self.titles[title] += len(accounts)
            self.first_by_title[title] = min(at, self.first_by_title.get(title, at))
            self.last_by_title[title] = max(at, self.last_by_title.get(title, at))
        # As numbers: every garbage collection would visit a million kept strings.
        self._pending.append(np.fromstring(" ".join(accounts), dtype=np.int64, sep=" "))
        self._pending_accounts += len(accounts)
        if self._pending_accounts > PENDING_MAX:
            self._merge()

    def _merge(self) -> None:
        if not self._pending:
            return
        fresh = np.concatenate(self._pending)
        self._pending, self._pending_accounts = [], 0
        accounts, times = np.unique(fresh, return_counts=True)
        merged, where = np.unique(np.concatenate([self._accounts, accounts]), return_inverse=True)
        totals = np.zeros(merged.size, dtype=np.int64)
        np.add.at(totals, where, np.concatenate([self._times, times]))
        self._accounts, self._times = merged, totals

    def accounts(self) -> NDArray[np.int64]:
        """Return the accounts reached, sorted."""
        self._merge()
        return self._accounts

    def repeated(self) -> NDArray[np.int64]:
        """Return the accounts reached more than once, sorted."""
        self._merge()
        return self._accounts[self._times > 1]

    def summary(self) -> dict[str, object]:
        """Return all counts."""
        self._merge()
        accepted = int(self._times.sum())
        return {
            "simulated": True,
            "requests": self.requests,
            "accepted": accepted,
            "distinct": int(self._accounts.size),
            "duplicates": accepted - int(self._accounts.size),
            "max_per_account": int(self._times.max()) if self._times.size else 0,
            "invalid": self.invalid,
            "refused_requests": self.refused,
            "titles": dict(self.titles),
            "messages": sorted(self.messages),
            "first_by_title": self.first_by_title,
            "last_by_title": self.last_by_title,
            "first_request_at": self.first_request_at,
            "last_request_at": self.last_request_at,
        }
