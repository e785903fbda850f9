"""Processes of a test: commands flow in, running servers and simulated providers flow out, ended by their id.

Bounded: `START_S` to say that they listen, `STOP_S` to end.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.processes.fork import forked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROOT = Path(__file__).parents[3]
START_S = 30.0
STOP_S = 30.0
POLL_INTERVAL_S = 0.02


class Process:
    """One of our commands as a process of its own; its first line says where it listens."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, log: Path = Path(os.devnull)) -> None:
        self._process, self._output = forked(list(arguments), {**os.environ, **(env or {})}, ROOT, log)
        self.url = ""

    async def started(self) -> str:
        """Wait until it listens; returns its URL."""
        line = await asyncio.wait_for(asyncio.to_thread(self._output.readline), START_S)
        assert "http" in line, f"the process ended with {self.wait()}"
        self.url = line.split()[-1]
        return self.url

    async def printed(self) -> str:
        """Wait until it ends by itself; returns what it printed on standard output."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._output.read), STOP_S)
        finally:
            await asyncio.to_thread(self.wait)

    @property
    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.is_alive()

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        self._process.join(STOP_S)
        has_ended = not self.alive
        code = self.end()
        assert has_ended, "the process did not end by itself"
        return code

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, wait, and return its exit code: that of the signal, negative, if it was killed by one."""
        if self.alive and self._process.pid is not None:
            os.kill(self._process.pid, number)
        self._process.join(STOP_S)
        if self.alive:
            self._process.kill()
            self._process.join()
        self._output.close()
        assert self._process.exitcode is not None
        return self._process.exitcode


async def until(true: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
    """Ask again and again until the answer is yes; an AssertionError when it never is."""
    async with asyncio.timeout(within_s):
        while not await true():
            await asyncio.sleep(POLL_INTERVAL_S)
