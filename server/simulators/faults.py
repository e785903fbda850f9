"""Decides whether and how a request to a SIMULATED provider fails.

The settings give the rates; an outage can also be switched on while the provider runs. Bounded: `HANG_S` a request.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
import random
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

HANG_S: Final = 150.0
"""How long a hanging request is held: longer than the longest `timeout_s` that a lane can have."""

INVALID_SCALE: Final = 1 << 32


class SimulatedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of every simulated provider. Rates are shares of 1; `rate_limit` is recipients a second.

    FCM, Huawei and Honor refuse messages in which `refused_text` stands, as in the address of a picture.
    """

    host: str = "127.0.0.1"
    port: int = 0
    latency_ms: float = 0.0
    error_rate: float = 0.0
    hang_rate: float = 0.0
    invalid_rate: float = 0.0
    rate_limit: int | None = None
    refused_text: str = ""
    outages: tuple[tuple[float, float], ...] = ()


class Fault(enum.Enum):
    """One way in which a request fails; the values name them in counts."""

    UNAVAILABLE = "http 503"
    BUSY = "busy"
    UNREADABLE = "garbage"
    DROPPED = "dropped"
    HUNG = "hung"
    REFUSED_STREAM = "refused stream"
    RESET = "reset"
    HALF_ANSWERED = "half answered"
    SLOW_READER = "slow reader"


AT_ONCE = (Fault.UNAVAILABLE, Fault.BUSY, Fault.UNREADABLE, Fault.DROPPED)


class Faults:
    """Decides about each request in turn, and counts the faults made."""

    def __init__(self, settings: SimulatedSettings, kinds: Sequence[Fault] = AT_ONCE) -> None:
        self._settings = settings
        self._kinds = itertools.cycle(kinds)
        self._started_s = 0.0
        self._tokens = 0.0
        self._filled_s = 0.0
        self.made: Counter[str] = Counter()
        self.outage = False
        self.outage_by = Fault.DROPPED

    async def latency(self) -> None:
        """Wait as long as `latency_s` says."""
        if self._settings.latency_ms:
            await asyncio.sleep(self.latency_s())

    def latency_s(self) -> float:
        """Return a random latency: between half and one and a half of the configured mean."""
        return self._settings.latency_ms / 1000 * random.uniform(0.5, 1.5)

    def next_fault(self) -> Fault | None:
        """Return the fault of the next request, and count it; None when the request succeeds."""
        fault = self._next()
        if fault is not None:
            self.made[fault.value] += 1
        return fault

    def _next(self) -> Fault | None:
        now_s = asyncio.get_running_loop().time()
        self._started_s = self._started_s or now_s
        if self.outage:
            return self.outage_by
        if any(a <= now_s - self._started_s < a + d for a, d in self._settings.outages):
            return Fault.DROPPED
        if self._settings.hang_rate and random.random() < self._settings.hang_rate:
            return Fault.HUNG
        if self._settings.error_rate and random.random() < self._settings.error_rate:
            return next(self._kinds)
        return None

    def limited_s(self, accounts: int) -> float:
        """Return 0 and charge the quota when it allows `accounts`, else the seconds until it does."""
        limit = self._settings.rate_limit
        if limit is None:
            return 0.0
        now_s = asyncio.get_running_loop().time()
        elapsed_s = now_s - self._filled_s if self._filled_s else 1.0
        self._filled_s = now_s
        self._tokens = min(float(max(limit, accounts)), self._tokens + elapsed_s * limit)
        if self._tokens < accounts:
            return (accounts - self._tokens) / limit
        self._tokens -= accounts
        return 0.0

    def refuses(self, message: bytes) -> bool:
        """Tell whether a message is one that the provider does not take, whoever it is for."""
        text = self._settings.refused_text
        return bool(text) and text.encode() in message

    def is_invalid(self, account: str) -> bool:
        """Return whether an account has no device: the same answer every time."""
        rate = self._settings.invalid_rate
        return rate > 0 and zlib.crc32(account.encode()) < rate * INVALID_SCALE
