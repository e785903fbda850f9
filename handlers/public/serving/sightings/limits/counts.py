"""Counts how often something came within the hour, by key. Bounded: `KEYS_MAX` keys; the oldest is forgotten."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

WINDOW_S: Final = 3600.0
KEYS_MAX: Final = 200_000


class Counts:
    """Counts of this process."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._counts: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def of(self, *key: str) -> int:
        """Return how often it came."""
        since_s, count = self._counts.get(key, (0.0, 0))
        return count if self._clock() - since_s < WINDOW_S else 0

    def add(self, *key: str) -> None:
        """Count it; the window begins with the first one."""
        count = self.of(*key)
        since_s = self._counts[key][0] if count else self._clock()
        self._counts[key] = (since_s, count + 1)
        while len(self._counts) > KEYS_MAX:
            self._counts.popitem(last=False)

    def take_back(self, *key: str) -> None:
        """Count one less."""
        if count := self.of(*key):
            self._counts[key] = (self._counts[key][0], count - 1)
