"""Looks whether Redis removes keys of its own accord when its memory is full, and whether it is the one that it was.

To it a position is as good as any other key; to us a person would be gone. One that was started again, or took over
from another one, may have an older state. Bounded: three questions a primary.
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


class Condition(msgspec.Struct, frozen=True):
    """`policy`: by which a primary with a memory limit would evict, empty where none does; `evicted` keys so far.

    `runs`: by which the primaries are told from their successors.
    """

    policy: str
    evicted: int
    runs: frozenset[str]


async def condition(client: Client) -> Condition:
    """Return in what condition the primaries are; one of `geo.connection.UNAVAILABLE_ERRORS` when Redis is away."""
    async with asking(client):
        memory, stats, server = [await _info(client, section) for section in ("memory", "stats", "server")]
    policies = {str(one.get("maxmemory_policy", KEEPS_ALL)) for one in memory if int(one.get("maxmemory", 0))}
    evicted = sum(int(one.get("evicted_keys", 0)) for one in stats)
    runs = frozenset(str(one.get("run_id", "")) for one in server)
    return Condition(", ".join(sorted(policies - {KEEPS_ALL})), evicted, runs)


async def _info(client: Client, section: str) -> list[Mapping[str, Any]]:
    """Return a section of INFO of every primary."""
    if not isinstance(client, aioredis.RedisCluster):
        return [await client.info(section)]
    answers = await asyncio.gather(*(client.info(section, target_nodes=node) for node in client.get_primaries()))
    return list(answers)
