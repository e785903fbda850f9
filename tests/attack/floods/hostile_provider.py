"""A provider over HTTP/2 that answers each first call with a flood, another one on each connection.

A lane of the attacked server has its address, and people. In quiet nothing listens there: the lane has an outage then,
too, so what is compared is what the floods themselves cost. Bounded by what the provider's connections are.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

from tests.attack.clients import run_clients
from tests.attack.floods.flood import Flood
from tests.support.hostile.http2 import FLOODS
from tests.support.hostile.provider import HostileProvider
from tests.support.providers.lanes import ApnsLane

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.world import Target, World

SHARE: Final = 20
"""One recipient of the lane for so many of all others: as many batches as a few workers try again and again."""

OVER_EVERY_S: Final = 0.1


class HostileHttp2Provider(Flood):
    """A provider that floods who calls it."""

    name = "hostile HTTP/2 provider"

    def __init__(self) -> None:
        self._reserved: socket.socket | None = None
        self.address = ("127.0.0.1", 0)

    @property
    def url(self) -> str:
        """Where the provider listens once it runs."""
        return f"http://127.0.0.1:{self.address[1]}"

    async def settings(self, world: World) -> dict[str, str]:
        """Give people a lane whose provider it is, and whose keys are those of a SIMULATED one."""
        lane = ApnsLane(world.deployment)
        await lane.start()
        await lane.people(max(world.recipients // SHARE, 1))
        self.reserve()
        return lane.env(url=self.url)

    def reserve(self) -> None:
        """Take a port: bound, so that nobody else gets it, and never listening, so that the provider can."""
        self.release()
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.address = self._reserved.getsockname()

    def release(self) -> None:
        """Give the port back."""
        if self._reserved is not None:
            self._reserved.close()

    async def run(self, target: Target, stop_event: asyncio.Event) -> None:  # noqa: ARG002 - the lane finds it
        """Flood whoever connects until the event."""
        await run_clients(provide, self.address, stop_event)


async def provide(_: str, port: int, is_over: Callable[[], bool]) -> None:
    """Listen, and flood whoever connects, until it is over."""
    with HostileProvider([*FLOODS.values()], port=port):
        while not is_over():
            await asyncio.sleep(OVER_EVERY_S)
