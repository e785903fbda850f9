"""Marks the shards of the index, so that a shard without people is told from one that lost them.

Every search also reads the mark of its shard, after the people. A Redis that was flushed, or came back without its
data, has no mark or another one: then nothing was found out, and the search fails. The caller keeps which marks are
known. Bounded: one small key a shard, one round trip for all of them.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from geo.index import keys
from geo.index.checks.pipelines import ask
from geo.index.checks.unreadable import UnreadableKind, unreadable_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geo.connection import Client

MARK_BYTES: Final = 8
_MARK: Final = re.compile(rb"[0-9a-f]{%d}" % (2 * MARK_BYTES))


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
        """Return the marks of these shards, without those that have none, or one that nobody of us wrote."""
        marks = await ask(self._client, [("GET", keys.epoch(shard)) for shard in shards])
        return {shard: mark for shard, mark in zip(shards, marks, strict=True) if _is_mark(mark)}

    async def mark(self, shards: Sequence[int]) -> dict[int, bytes]:
        """Mark the shards that have no mark that can be read; returns the marks of all."""
        token = secrets.token_hex(MARK_BYTES)
        there = await ask(self._client, [("GET", keys.epoch(shard)) for shard in shards])
        bad = [shard for shard, mark in zip(shards, there, strict=True) if mark is not None and not _is_mark(mark)]
        unreadable_of(self._client).report(UnreadableKind.MARK, len(bad))
        await ask(self._client, [("UNLINK", keys.epoch(shard)) for shard in bad])
        await ask(self._client, [("SET", keys.epoch(shard), token, "NX") for shard in shards])
        return await self.read(shards)


def _is_mark(mark: object) -> bool:
    return isinstance(mark, bytes) and _MARK.fullmatch(mark) is not None
