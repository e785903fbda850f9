"""Quotas that all processes share through Redis, one key each: says for how long a sender has to wait.

The key holds until when all that was taken is paid for, by the clock of Redis, so that no process can run ahead of
another. Bounded: `AHEAD_S` may be taken ahead, so that a dead process holds back no other for longer; a key is gone
`PAUSE_S` after its last use. Without Redis there is no answer, and each process keeps the pace by itself. Whatever the
key holds, nobody waits longer than a provider may be held (`HOLD_MAX_S`) and one request takes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import structlog

from geo.connection import UNAVAILABLE_ERRORS
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from geo.index.scripts import register
from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

    from geo.connection import Client

AHEAD_S: Final = 5.0
PAUSE_S: Final = 60.0
"""After so long without a message the next one is a fresh start."""

HOLD_MAX_S: Final = 60.0
"""As long as a provider that throttles is left alone at most (`push.transport.retry_policy`)."""

TIMEOUT_S: Final = 2.0
ALONE_S: Final = 2.0
"""After Redis did not answer, each process keeps the pace by itself for so long."""

MICROSECONDS: Final = 1_000_000

_log = structlog.get_logger("push.transport.quota")


class Quota:
    """One provider's quota, or that of one of our projects there."""

    def __init__(self, client: Client, name: str, *, ramp_s: float = 0.0) -> None:
        self._key = f"quota:{name}"
        self._unreadable = unreadable_of(client)
        self._ramp_us = round(ramp_s * MICROSECONDS)
        self._alone_until_s = float("-inf")
        self._take, self._hold = (register(client, script, "push.transport") for script in ("take", "hold"))

    async def take(self, recipients: int, rate_per_s: float, burst_s: float) -> float | None:
        """Take recipients, and return after how many seconds they may be sent; None: Redis does not answer."""
        arguments = (recipients, rate_per_s, round(burst_s * MICROSECONDS), self._ramp_us)
        limits = [round(seconds * MICROSECONDS) for seconds in (PAUSE_S, AHEAD_S, HOLD_MAX_S)]
        while True:
            answer = await self._run(self._take, *arguments, *limits)
            raise_if_cancelled()
            if answer is None:
                return None
            wait_us, taken, *unreadable = answer
            self._unreadable.report(UnreadableKind.QUOTA, sum(unreadable))
            if taken:
                return float(wait_us) / MICROSECONDS
            # What is far ahead is not reserved: the first to ask when its time has come gets it.
            await asyncio.sleep(min(wait_us / MICROSECONDS - AHEAD_S / 2, HOLD_MAX_S))

    async def hold(self, seconds: float) -> None:
        """Make every process wait for so long."""
        await self._run(self._hold, round(seconds * MICROSECONDS), round(HOLD_MAX_S * MICROSECONDS))

    async def _run(self, script: AsyncScript, *arguments: float) -> Any:  # noqa: ANN401 - a script's answer
        loop = asyncio.get_running_loop()
        if loop.time() < self._alone_until_s:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await script(keys=[self._key], args=arguments)
        except (*UNAVAILABLE_ERRORS, TimeoutError) as error:
            # No batch waits for it again at once: a Redis that is busy must not stop the sending.
            self._alone_until_s = loop.time() + ALONE_S
            _log.warning("quota.alone", quota=self._key, error=type(error).__name__, for_s=ALONE_S)
            return None


class Quotas:
    """The quotas of a server, by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def of(self, name: str, *, ramp_s: float = 0.0) -> Quota:
        """Return the quota of a lane, or of a project in it; `ramp_s`: for how long a fresh start grows to the rate."""
        return Quota(self._client, name, ramp_s=ramp_s)
