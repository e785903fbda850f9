"""Make reports of users around a city, and of users who come in from far away, and send them to a server.

Bounded by the users; the caller bounds the reports of a request, to `BATCH`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from server.demo.lanes import TPNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp
    from numpy.typing import NDArray

    from server.demo.world import World

BATCH: Final = 1_000
OUTSIDE: Final = (100.0, 35.0)
JITTER_DEGREES: Final = 0.0001
"""About ten metres, as phones that lie still report."""


class Reporters:
    """Users around a city who report, and users who come in from far away."""

    def __init__(
        self, world: World, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64], users: NDArray[np.int64]
    ) -> None:
        self._world = world
        self._longitudes, self._latitudes, self._users = longitudes, latitudes, users
        self._rng = np.random.default_rng(1)
        self._next = 1
        self.entered: dict[int, float] = {}

    def residents(self, number: int) -> list[dict[str, object]]:
        """Return reports of residents who stay where they are."""
        rows = self._rng.choice(self._users.size, number, replace=False)
        jitter = self._rng.normal(0, JITTER_DEGREES, (2, number))
        at = datetime.now(UTC)
        columns = self._users[rows], self._longitudes[rows] + jitter[0], self._latitudes[rows] + jitter[1]
        return [
            {"user": user, "lane": TPNS, "longitude": longitude, "latitude": latitude, "at": at}
            for user, longitude, latitude in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def newcomers(self, number: int, place: tuple[float, float]) -> list[dict[str, object]]:
        """Return reports of users who come in from far away, and note when they are made."""
        users = range(self._next, self._next + number)
        self._next += number
        self.entered |= dict.fromkeys(users, time.time())
        at = datetime.now(UTC)
        return [{"user": user, "lane": TPNS, "longitude": place[0], "latitude": place[1], "at": at} for user in users]

    async def outside(self, session: aiohttp.ClientSession, number: int) -> None:
        """Report those who will come in next from far away."""
        users = range(self._next, self._next + number)
        at = datetime.now(UTC)
        rows = [{"user": one, "lane": TPNS, "longitude": OUTSIDE[0], "latitude": OUTSIDE[1], "at": at} for one in users]
        for start in range(0, number, BATCH):
            await self.post(session, rows[start : start + BATCH])

    async def post(self, session: aiohttp.ClientSession, rows: Sequence[dict[str, object]], url: str = "") -> None:
        """Send reports to the server, or to the one at `url`."""
        url = url or self._world.server_url
        async with session.post(f"{url}/v1/devices", data=msgspec.msgpack.encode(rows)) as response:
            answer = await response.json()
            if response.status != 200 or answer["rejected"]:
                raise RuntimeError(f"reports were answered with {response.status}")
