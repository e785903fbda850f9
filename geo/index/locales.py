"""Foreigners: shards flow in, whether somebody there is reached by account and reads another language flows out.

Where nobody does, which is nearly everywhere, accounts need not be looked up before a message is sent to them.
Bounded: one look at all shards every `POLL_INTERVAL_S`, for `TIMEOUT_S`; while Redis is away what was known stands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.connection import UNAVAILABLE_ERRORS
from geo.index import keys
from geo.index.shards import SHARDS, shards_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.connection import Client

POLL_INTERVAL_S: Final = 10.0
"""A language that is reported for the first time in a shard is spoken after this time."""

TIMEOUT_S: Final = 1.0
"""A Redis that says nothing holds up no message for longer."""


class NonDefaultLocales:
    """Which shards have any, as this process knows it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._marked = np.zeros(SHARDS, dtype=np.bool_)
        self._looking = asyncio.Lock()
        self._looked_s = float("-inf")

    async def among(self, users: NDArray[np.int64]) -> bool:
        """Tell whether one of these may read another language than the usual one."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._looked_s > POLL_INTERVAL_S:
            # Whoever comes while one looks waits for what it sees.
            async with self._looking:
                if loop.time() - self._looked_s > POLL_INTERVAL_S:
                    await self._look()
                    self._looked_s = loop.time()
        return bool(self._marked[shards_of(users)].any())

    async def _look(self) -> None:
        pipe = self._client.pipeline(transaction=False)
        for shard in range(SHARDS):
            pipe.execute_command("EXISTS", keys.foreign(shard))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._marked = np.array(await pipe.execute(), dtype=np.bool_)
        except (*UNAVAILABLE_ERRORS, TimeoutError):
            return
