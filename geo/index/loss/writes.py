"""Looks whether Redis takes writes: one that is full, read-only or without replicas answers, and takes no report.

Bounded: one small key a primary, which is written once; Redis refuses the same command later all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from redis.asyncio import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from geo.connection import is_refusal, refusal_name, refusals_of
from geo.index import keys
from geo.index.checks.pipelines import ask
from geo.index.shards import SHARDS

if TYPE_CHECKING:
    from geo.connection import Client

WRITES: Final = "a write"
"""What is refused (`runtime.refusals`) while Redis takes no writes."""


async def check_writes(client: Client) -> None:
    """Write to each primary; raises what Redis refuses it with, or one of `geo.connection.UNAVAILABLE_ERRORS`."""
    try:
        await ask(client, [("SET", keys.written(shard), "1", "NX") for shard in await _shards_of_primaries(client)])
    except RedisError as error:
        if is_refusal(error):
            refusals_of(client).note(WRITES, refusal_name(error))
        raise
    refusals_of(client).taken(WRITES)


async def _shards_of_primaries(client: Client) -> list[int]:
    """Return one shard of each primary that has one."""
    if not isinstance(client, RedisCluster):
        return [0]
    await client.initialize()
    found: dict[str, int] = {}
    for shard in range(SHARDS):
        try:
            node = client.get_node_from_key(keys.written(shard))
        except RedisClusterException:
            # Nobody has its slot now: who searches it is refused.
            continue
        if node is not None:
            found.setdefault(node.name, shard)
    return [*found.values()]
