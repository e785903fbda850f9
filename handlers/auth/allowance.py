"""Allowances within this process: how long a key must wait at its rate.

Each key has until when what it took is paid for (the generic cell rate algorithm), so that no timer fills anything.
Bounded: `keys_max` keys, the one that has not taken for the longest time leaves first.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Rate(NamedTuple):
    """`per_s` on average, `burst` of them at once."""

    per_s: float
    burst: int

    @property
    def cost_s(self) -> float:
        """For how long one is paid for."""
        return 1 / self.per_s


class Allowances:
    """What each key may still take."""

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._paid_until_s: dict[str, float] = {}

    def wait_s(self, key: str, rate: Rate) -> float:
        """Return 0.0, or after how many seconds there is one again; takes none."""
        now_s = asyncio.get_running_loop().time()
        paid_s = max(now_s, self._paid_until_s.get(key, 0.0))
        return max(0.0, paid_s - now_s - (rate.burst - 1) * rate.cost_s)

    def take(self, key: str, rate: Rate) -> float:
        """Take one; returns 0.0, or after how many seconds there is one again."""
        if (wait_s := self.wait_s(key, rate)) > 0:
            return wait_s
        paid_s = max(asyncio.get_running_loop().time(), self._paid_until_s.get(key, 0.0))
        # Taken out first, so that the order of the keys is that of their last taking.
        self._paid_until_s.pop(key, None)
        if len(self._paid_until_s) >= self._keys_max:
            del self._paid_until_s[next(iter(self._paid_until_s))]
        self._paid_until_s[key] = paid_s + rate.cost_s
        return 0.0
