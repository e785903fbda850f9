"""Run `qq-alert` commands, such as servers and simulated providers, as processes of a test.

Bounded: `START_S` until a process listens, `STOP_S` until it ends. Each process is ended by its id.
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
START_S = 60.0
STOP_S = 60.0
UNTIL_S = 120.0
"""Far longer than what a test waits for takes, also beside other work."""

POLL_INTERVAL_S = 0.02


class Process:
    """A `qq-alert` command as a process of its own; the first line that it prints says where it listens."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, log: Path = Path(os.devnull)) -> None:
        self._process, self._output = forked(list(arguments), {**os.environ, **(env or {})}, ROOT, log)
        self.url = ""

    async def started(self) -> str:
        """Wait until the process listens; returns its URL."""
        line = await asyncio.wait_for(asyncio.to_thread(self._output.readline), START_S)
        assert "http" in line, f"the process ended with {self.wait()}"
        self.url = line.split()[-1]
        return self.url

    async def printed(self) -> str:
        """Wait until the process ends by itself; returns its standard output."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._output.read), STOP_S)
        finally:
            await asyncio.to_thread(self.wait)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, and wait for nothing."""
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of where it listens."""
        host, port = self.url.rpartition("/")[2].split(":")
        return host, int(port)

    @property
    def alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._process.is_alive()

    def wait(self) -> int:
        """Wait until the process ends by itself; returns its exit code."""
        self._process.join(STOP_S)
        has_ended = not self.alive
        code = self.end()
        assert has_ended, "the process did not end by itself"
        return code

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code: the negative number of the signal if that killed it."""
        if self.alive and self._process.pid is not None:
            os.kill(self._process.pid, number)
        self._process.join(STOP_S)
        if self.alive:
            self._process.kill()
            self._process.join()
        self._output.close()
        assert self._process.exitcode is not None
        return self._process.exitcode


async def until(is_true: Callable[[], Awaitable[bool]], within_s: float = UNTIL_S) -> None:
    """Poll a condition until it is true; AssertionError names the condition that was not true in time."""
    try:
        async with asyncio.timeout(within_s) as limit:
            while not await is_true():
                await asyncio.sleep(POLL_INTERVAL_S)
    except TimeoutError:
        if not limit.expired():
            raise
        raise AssertionError(f"not true within {within_s} s: {_name(is_true)}") from None


def _name(condition: Callable[[], Awaitable[bool]]) -> str:
    """Return the name of a condition, and where it is defined: a lambda has no other name."""
    name = getattr(condition, "__qualname__", repr(condition))
    code = getattr(condition, "__code__", None)
    return name if code is None else f"{name} ({Path(code.co_filename).name}:{code.co_firstlineno})"
