"""Know which shards have users with a non-default locale among those who are reached by account.

Nearly all shards have none; their accounts need no lookup before a message is sent. Bounded: one poll of all shards
every `POLL_INTERVAL_S`, with a timeout of `TIMEOUT_S`; while Redis is unavailable the last result stands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from geo.connection import UNAVAILABLE_ERRORS
from geo.index import keys
from geo.index.checks.denied import denied_of
from geo.index.shards import SHARDS, shards_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.connection import Client

POLL_INTERVAL_S: Final = 10.0
"""A locale reported for the first time in a shard is used after at most this time."""

TIMEOUT_S: Final = 1.0
"""A Redis that does not reply delays a message by no more than this."""


class NonDefaultLocales:
    """The shards with non-default locales, as this process last read them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._marked = np.zeros(SHARDS, dtype=np.bool_)
        self._polling = asyncio.Lock()
        self._polled_s = float("-inf")

    async def among(self, users: NDArray[np.int64]) -> bool:
        """Tell whether one of these users may have a non-default locale."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._polled_s > POLL_INTERVAL_S:
            # Callers that come during a poll wait for its result.
            async with self._polling:
                if loop.time() - self._polled_s > POLL_INTERVAL_S:
                    await self._poll()
                    self._polled_s = loop.time()
        return bool(self._marked[shards_of(users)].any())

    async def _poll(self) -> None:
        pipe = self._client.pipeline(transaction=False)
        for shard in range(SHARDS):
            pipe.execute_command("EXISTS", keys.non_default_locale(shard))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._marked = np.array(await pipe.execute(), dtype=np.bool_)
        except (*UNAVAILABLE_ERRORS, TimeoutError) as error:
            denied_of(self._client).note(error)
