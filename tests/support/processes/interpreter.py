"""Runs a server in a Python of its own, with its own imports, where `fork` would share those of the tests.

Bounded: `START_S` until it listens, `STOP_S` until it ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support.processes.processes import STOP_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


START_S: Final = 90.0
"""It compiles all of the code first."""


class Server(NamedTuple):
    """Where it listens."""

    url: str


@asynccontextmanager
async def server_of(arguments: list[str], folder: Path, env: dict[str, str], log: Path) -> AsyncIterator[Server]:
    """Run Python in `folder`, whose code it imports, with the arguments that start a server."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=folder,
            env={**os.environ, **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), START_S)).decode()
        assert "http" in line, f"it did not start: {log.read_text(encoding='utf-8')}"
        yield Server(line.split()[-1])
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
