"""Marks the shards of the index, so that a shard without people is told from one that lost them.

Every search also reads the mark of its shard, after the people. A Redis that was flushed, or came back without its
data, has no mark or another one: then nothing was found out, and the search fails. The caller keeps which marks are
known. Bounded: one small key a shard, one round trip for all of them.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from geo.connection import asking
from geo.index import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.connection import Client

MARK_BYTES: Final = 8


class IndexEmptiedError(RedisError):
    """A shard lost its people, or nobody knows yet whether it did."""


class Epochs:
    """The marks by which this process knows the shards; `doubted` is set when a search finds another one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.known: Mapping[int, bytes] = {}
        self.doubted = asyncio.Event()

    def check(self, shards: Sequence[int], marks: Sequence[object]) -> None:
        """Raise IndexEmptiedError when one of these shards has another mark than is known."""
        if any(mark is None or mark != self.known.get(shard) for shard, mark in zip(shards, marks, strict=True)):
            self.doubted.set()
            raise IndexEmptiedError("a shard of the index lost its people")

    async def read(self, shards: Sequence[int]) -> dict[int, bytes]:
        """Return the marks of these shards, without those that have none."""
        pipe = self._client.pipeline(transaction=False)
        for shard in shards:
            pipe.execute_command("GET", keys.epoch(shard))
        async with asking(self._client):
            marks = await pipe.execute()
        return {shard: mark for shard, mark in zip(shards, marks, strict=True) if mark is not None}

    async def mark(self, shards: Sequence[int]) -> dict[int, bytes]:
        """Mark the shards that have no mark; returns the marks of all."""
        token = secrets.token_hex(MARK_BYTES)
        pipe = self._client.pipeline(transaction=False)
        for shard in shards:
            pipe.execute_command("SET", keys.epoch(shard), token, "NX")
        async with asking(self._client):
            await pipe.execute()
        return await self.read(shards)
