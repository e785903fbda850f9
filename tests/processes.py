"""Processes of a test: commands flow in, running servers and simulated providers flow out, ended by their id.

Bounded: `START_S` to say that they listen, `STOP_S` to end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


ROOT = Path(__file__).parent.parent
START_S = 30.0
STOP_S = 30.0
POLL_S = 0.02


class Process:
    """One of our commands as a process of its own; its first line says where it listens."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, log: Path = Path(os.devnull)) -> None:
        with log.open("a") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", *arguments],
                env={**os.environ, **(env or {})},
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.url = ""

    async def started(self) -> str:
        """Wait until it listens; returns its URL."""
        pipe = self._process.stdout
        assert pipe is not None
        line = await asyncio.wait_for(asyncio.to_thread(pipe.readline), START_S)
        assert "http" in line, f"the process ended with {self._process.wait()}"
        self.url = line.split()[-1]
        return self.url

    @property
    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        try:
            return self._process.wait(STOP_S)
        finally:
            self.end()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, wait, and return its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


async def until(true: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
    """Ask again and again until the answer is yes; an AssertionError when it never is."""
    async with asyncio.timeout(within_s):
        while not await true():
            await asyncio.sleep(POLL_S)
