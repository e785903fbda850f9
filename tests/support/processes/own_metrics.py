"""The metrics' own listener of a server, where engineers ask: its setting, and what it says.

Bounded by `tests.support.processes.processes`.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

import aiohttp


class OwnMetrics(NamedTuple):
    """A port for the metrics of one server."""

    port: int

    @classmethod
    def free(cls) -> OwnMetrics:
        """Return one on a port that nobody listens on now."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return cls(probe.getsockname()[1])

    @property
    def env(self) -> dict[str, str]:
        """The setting of the server."""
        return {"QQ_ALERT_METRICS__LISTEN": f"127.0.0.1:{self.port}"}

    @property
    def url(self) -> str:
        """Where they are asked for."""
        return f"http://127.0.0.1:{self.port}"

    async def text(self) -> str:
        """Return what the listener says now."""
        return await metrics_text(self.url)


async def metrics_text(url: str) -> str:
    """Return the metrics of a listener, which asks nobody who they are."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()
