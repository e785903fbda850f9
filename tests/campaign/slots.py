"""A server of the campaign with its own ways to the stores and its own simulated provider, and when it did not run.

Bounded by `tests.support.processes.processes`.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import aiohttp

from server.simulators.faults import Fault
from tests.support.processes.fork import CLOCK_AHEAD_S
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.stores.proxy import Proxy

LATENCY_MS: Final = 150
"""Of the simulated provider: an alert to a few thousand people takes some seconds, so that faults meet it."""
START_TRIES: Final = 3


class Slot:
    """The place of one server: what runs there, and what disturbs it.

    `postgres` and `redis` are its proxies; none before a cluster, whose nodes name their own addresses. `frozen`,
    `down` and `cut_off`: from when to when (seconds since the epoch) it did not run, or did not hear from PostgreSQL.
    `refused`: from when to when the record took nothing. `deaths`: when it ended by itself, which it never should.
    """

    def __init__(self, number: int, folder: Path, postgres: Proxy, redis: Proxy | None) -> None:
        self.number = number
        self.postgres = postgres
        self.redis = redis
        self.lock = asyncio.Lock()
        self.provider_lock = asyncio.Lock()
        self.disturbed = 0
        self.deaths: list[str] = []
        self.frozen: list[tuple[float, float]] = []
        self.cut_off: list[tuple[float, float]] = []
        self.refused: list[tuple[float, float]] = []
        self.down: list[tuple[float, float]] = []
        self.log = folder / f"server-{number}.log"
        self.journal = folder / f"provider-{number}.journal"
        self.metrics = OwnMetrics.free()
        self.env: dict[str, str] = {}
        self.ahead_s = 0.0
        self._provider: Process | None = None
        self._process: Process | None = None

    async def start_provider(self) -> str:
        """Start its simulated provider; returns the URL."""
        options = ("--latency-ms", str(LATENCY_MS), "--journal", str(self.journal))
        self._provider = Process("simulate", "tpns", *options)
        return await self._provider.started()

    @property
    def process(self) -> Process:
        """The server that runs."""
        assert self._process is not None
        return self._process

    @property
    def is_healthy(self) -> bool:
        """Whether it runs, and nothing keeps it from the record: then it can be asked."""
        return self._process is not None and self._process.alive and not self.disturbed

    async def start(self) -> None:
        """Start the server, with the clock that it has; again where it ends by itself, which is noted."""
        env = {**self.env, **self.metrics.env, CLOCK_AHEAD_S: str(self.ahead_s)}
        for _ in range(START_TRIES):
            self._process = Process("serve", env=env, log=self.log)
            try:
                await self._process.started()
            except (AssertionError, TimeoutError) as error:
                self.deaths.append(f"server {self.number} did not start: {error}")
                await self.end(signal.SIGKILL)
            else:
                return

    async def revive(self) -> None:
        """Start the server again if it ended by itself, which is noted."""
        async with self.lock:
            if not self.process.alive:
                self.deaths.append(f"server {self.number} ended by itself with {await self.end()}")
                await self.start()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the server by a signal; returns its exit code."""
        return await asyncio.to_thread(self.process.end, number)

    @contextmanager
    def disturbance(self, spans: list[tuple[float, float]]) -> Iterator[None]:
        """Note that something disturbs it, and in `spans` from when to when."""
        began, place = time.time(), len(spans)
        spans.append((began, float("inf")))
        self.disturbed += 1
        try:
            yield
        finally:
            self.disturbed -= 1
            spans[place] = (began, time.time())

    async def fail_provider(self, by: Fault | None) -> None:
        """Let every request to its provider fail by a fault; none any more for None."""
        assert self._provider is not None
        switch = {"on": by is not None, "by": (by or Fault.DROPPED).value}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{self._provider.url}/simulated/outage", json=switch)

    async def close(self) -> None:
        """End the server and the provider."""
        for process in (self._process, self._provider):
            if process is not None:
                if process.alive:
                    process.send_signal(signal.SIGCONT)
                await asyncio.to_thread(process.end, signal.SIGKILL)
        await self.postgres.close()
        if self.redis is not None:
            await self.redis.close()
