"""A lane's pace: makes senders wait so that the provider's quota is kept.

With a quota all processes together keep the rate; without one, or while Redis is away, this one by itself.

Bounded: bursts of `BURST_S` seconds of the rate; a provider that throttles is waited for at most `RETRY_AFTER_MAX_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from push.transport.retry_policy import RETRY_AFTER_MAX_S

if TYPE_CHECKING:
    from push.transport.quota import Quota

BURST_S = 0.25
SLOW_FACTOR = 0.7
RECOVER_PER_S = 0.05
"""After throttling the rate grows back by 5% of the configured rate a second."""


class Pace:
    """A token bucket of recipients a second; without a rate it only holds when the provider throttles."""

    def __init__(self, rate_per_s: float | None, quota: Quota | None = None) -> None:
        self.configured_per_s = rate_per_s
        self._quota = quota
        self._rate_per_s = rate_per_s
        self._tokens = 0.0
        self._filled_at_s = 0.0
        self._hold_until_s = 0.0

    @property
    def rate_per_s(self) -> float | None:
        """How many recipients a second are sent to at most now: fewer than configured after throttling."""
        return self._rate_per_s

    @property
    def held_s(self) -> float:
        """For how many seconds nobody may send yet, as the provider asked."""
        return max(0.0, self._hold_until_s - asyncio.get_running_loop().time())

    async def take(self, recipients: int) -> None:
        """Wait until `recipients` may be sent. Callers are served in the order of their reservations."""
        await self._held()
        rate_per_s = self._rate_per_s
        if rate_per_s is None:
            return
        self._refill(asyncio.get_running_loop().time())
        if self._quota is not None:
            wait_s = await self._quota.take(recipients, rate_per_s, BURST_S)
            if wait_s is not None:
                await asyncio.sleep(wait_s)
                await self._held()
                return
        # The bucket may go into debt: a request is never split, and later callers wait the longer.
        self._tokens -= recipients
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / rate_per_s)
            await self._held()

    def change(self, rate_per_s: float | None) -> None:
        """Keep another rate from now on; who waits already waits as it was told, and a hold stays."""
        if rate_per_s != self.configured_per_s:
            self.configured_per_s = self._rate_per_s = rate_per_s
            self._tokens = min(self._tokens, 0.0)

    async def _held(self) -> None:
        loop = asyncio.get_running_loop()
        while (hold_s := self._hold_until_s - loop.time()) > 0:
            await asyncio.sleep(hold_s)

    async def throttled(self, retry_after_s: float) -> None:
        """Hold everybody, in all processes if there is a quota, for `retry_after_s` and go on more slowly."""
        hold_s = min(retry_after_s, RETRY_AFTER_MAX_S)
        self._hold_until_s = max(self._hold_until_s, asyncio.get_running_loop().time() + hold_s)
        if self._rate_per_s is not None and self.configured_per_s is not None:
            self._rate_per_s = max(self._rate_per_s * SLOW_FACTOR, self.configured_per_s * RECOVER_PER_S)
            # Neither tokens nor the rate grow while everybody is held.
            self._filled_at_s = self._hold_until_s
            if self._quota is not None:
                await self._quota.hold(hold_s)

    def _refill(self, now_s: float) -> None:
        if self._rate_per_s is None or self.configured_per_s is None:
            return
        elapsed_s = max(0.0, now_s - self._filled_at_s) if self._filled_at_s else BURST_S
        self._filled_at_s = max(now_s, self._filled_at_s)
        grown = self._rate_per_s + self.configured_per_s * RECOVER_PER_S * elapsed_s
        self._rate_per_s = min(self.configured_per_s, grown)
        self._tokens = min(self._tokens + elapsed_s * self._rate_per_s, self._rate_per_s * BURST_S)
