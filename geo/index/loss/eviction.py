"""Looks whether Redis removes keys of its own accord when its memory is full.

To it a position is as good as any other key; to us a person would be gone. Bounded: two questions a primary.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from redis import asyncio as aioredis

from geo.connection import asking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.connection import Client

KEEPS_ALL: Final = "noeviction"


class Eviction(msgspec.Struct, frozen=True):
    """`policy`: by which a primary with a memory limit would evict, empty where none does; `keys` evicted so far."""

    policy: str
    keys: int


async def eviction(client: Client) -> Eviction:
    """Return whether keys are evicted; one of `geo.connection.UNAVAILABLE_ERRORS` when Redis does not say."""
    async with asking(client):
        memory, stats = await _info(client, "memory"), await _info(client, "stats")
    policies = {str(one.get("maxmemory_policy", KEEPS_ALL)) for one in memory if int(one.get("maxmemory", 0))}
    keys = sum(int(one.get("evicted_keys", 0)) for one in stats)
    return Eviction(", ".join(sorted(policies - {KEEPS_ALL})), keys)


async def _info(client: Client, section: str) -> list[Mapping[str, Any]]:
    """Return a section of INFO of every primary."""
    if not isinstance(client, aioredis.RedisCluster):
        return [await client.info(section)]
    answers = await asyncio.gather(*(client.info(section, target_nodes=node) for node in client.get_primaries()))
    return list(answers)
