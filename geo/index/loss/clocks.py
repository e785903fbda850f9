"""Read the clocks of the primaries, and tell whether one was set back.

Redis numbers the entries of a stream by its clock. Bounded: one question a primary.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from redis import asyncio as aioredis

from geo.connection import asking

if TYPE_CHECKING:
    from geo.connection import Client

MICROSECONDS: Final = 1_000_000
DRIFT: Final = 0.001
"""By this share of the time two clocks may go differently fast, one of which is being slewed."""


class Reading(NamedTuple):
    """What a primary's clock said (seconds since 1970) between two moments of the event loop's clock."""

    there_s: float
    asked_s: float
    answered_s: float

    @property
    def took_s(self) -> float:
        """How long the answer took."""
        return self.answered_s - self.asked_s

    def is_set_back(self, before: Reading | None) -> bool:
        """Tell whether the clock was certainly set back since `before`; None: nothing is known of it."""
        if before is None:
            return False
        drift_s = DRIFT * (self.answered_s - before.asked_s)
        return self.there_s - self.asked_s < before.there_s - before.answered_s - drift_s


async def reading_of(client: Client, key: str) -> Reading:
    """Read the clock of the primary that holds a key; the caller bounds the call."""
    if isinstance(client, aioredis.RedisCluster):
        await client.initialize()
        return await _reading(client, target_nodes=client.get_node_from_key(key))
    return await _reading(client)


async def readings(client: Client) -> list[Reading]:
    """Read the clocks of all primaries; one of `geo.connection.UNAVAILABLE_ERRORS` when Redis is away."""
    async with asking(client):
        if isinstance(client, aioredis.RedisCluster):
            return await asyncio.gather(*(_reading(client, target_nodes=node) for node in client.get_primaries()))
        return [await _reading(client)]


async def _reading(client: Client, **node: Any) -> Reading:  # noqa: ANN401 - of redis-py
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    seconds, microseconds = await client.time(**node)
    return Reading(int(seconds) + int(microseconds) / MICROSECONDS, asked_s, loop.time())
