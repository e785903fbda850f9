"""A provider over HTTP/2 that answers each first call with a flood, another one on each connection.

A lane of the attacked server has its URL (`lane_env`). Bounded by what the provider's connections are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support.hostile.http2 import FLOODS
from tests.support.hostile.provider import HostileProvider

if TYPE_CHECKING:
    import asyncio


class HostileHttp2Provider:
    """Listens from the start, so that a server can be configured with its address, until it was run."""

    name = "hostile HTTP/2 provider"

    def __init__(self) -> None:
        self._provider = HostileProvider([*FLOODS.values()])

    def lane_env(self, lane: str = "apns") -> dict[str, str]:
        """Return the setting that sends a lane's calls to it."""
        return {f"QQ_ALERT_LANES__{lane.upper()}__URL": self._provider.url}

    async def run(self, world: object, stop: asyncio.Event) -> None:  # noqa: ARG002 - the lane finds it
        """Flood whoever connects until stopped."""
        with self._provider:
            await stop.wait()


FLOOD: Final = HostileHttp2Provider
"""Made for each attack, because a server is configured with its address."""
