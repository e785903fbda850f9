"""The copy of the users' preferences in Redis: a hash a shard, which outlives reports and generations.

What an entry says is its writer's affair. Nearly all shards have none at first, so it is asked whether there are any,
and only then for users. Each answer comes with the marks of the shards: one that lost its data has no preferences, and
none may be sent to as if it had none. Bounded: two round trips a call, `USERS_A_CALL` users a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
from redis.asyncio import RedisCluster

from geo.index import keys
from geo.index.checks.pipelines import ask
from geo.index.loss.epochs import IndexEmptiedError
from geo.index.scripts import USERS_A_CALL, register, run
from geo.index.shards import rows_by_shard, shards_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.connection import Client
    from geo.index.checks.pipelines import Command
    from geo.index.loss.epochs import Epochs

CONTENT_MAX: Final = 1024
"""Bytes; the longest that can be said takes a third."""

ENTRIES_A_TRIP: Final = 10_000


class Entry(NamedTuple):
    """What a user prefers, since when (us, by the record's clock); empty `content`: remove what is older."""

    user: int
    at_us: int
    content: bytes


class PreferenceMirror:
    """The preferences in Redis; one of `geo.connection.UNAVAILABLE_ERRORS` while it is away, or lost them."""

    def __init__(self, client: Client, epochs: Epochs | None = None) -> None:
        self._client = client
        self._epochs = epochs
        self._is_cluster = isinstance(client, RedisCluster)
        self._put, self._read = register(client, "preferences_put"), register(client, "preferences_read")
        self._were_some = False

    async def put(self, entries: Sequence[Entry]) -> int:
        """Take over what users prefer, unless something newer is known; returns how many were forgotten since."""
        refused = 0
        for start in range(0, len(entries), ENTRIES_A_TRIP):
            part = entries[start : start + ENTRIES_A_TRIP]
            calls: list[Sequence[str | int | bytes]] = []
            for shard, rows in rows_by_shard(np.array([one.user for one in part], dtype=np.int64)):
                for first in range(0, len(rows), USERS_A_CALL):
                    values = [value for row in rows[first : first + USERS_A_CALL].tolist() for value in part[row]]
                    calls.append((2, keys.preferences(shard), keys.forgotten(shard), *values))
            refused += sum(await run(self._client, self._put, calls))
        return refused

    async def of(self, users: NDArray[np.int64]) -> dict[int, bytes]:
        """Return what those of these users prefer who said so, by their place."""
        shards: list[int] = np.unique(shards_of(users)).tolist()
        if not shards or not (self._were_some or await self._are_some(shards)):
            return {}
        calls: list[Sequence[str | int | bytes]] = []
        places: list[dict[bytes, int]] = []
        for shard, part in rows_by_shard(users):
            for start in range(0, len(part), USERS_A_CALL):
                some = part[start : start + USERS_A_CALL]
                names = [*map(str, users[some].tolist())]
                places.append(dict(zip(map(str.encode, names), some.tolist(), strict=True)))
                calls.append((1, keys.preferences(shard), len(names), msgspec.msgpack.encode(names)))
        known = self._known()
        replies = await run(self._client, self._read, calls, self._marks(shards))
        self._check(shards, replies[len(calls) :], known)
        found = {
            place[user]: entry.partition(b" ")[2]
            for place, reply in zip(places, replies, strict=False)
            for user, entry in zip(reply[::2], reply[1::2], strict=True)
            if user in place
        }
        # Where there are none any more, the next call asks first again.
        self._were_some = any(replies[: len(calls)])
        return found

    async def _are_some(self, shards: Sequence[int]) -> bool:
        """Tell whether anybody of these shards has preferences."""
        names = [keys.preferences(shard) for shard in shards]
        exist: list[Command] = [("EXISTS", name) for name in names] if self._is_cluster else [("EXISTS", *names)]
        known = self._known()
        replies = await ask(self._client, [*exist, *self._marks(shards)])
        self._check(shards, replies[len(exist) :], known)
        return any(replies[: len(exist)])

    def _known(self) -> object:
        return None if self._epochs is None else self._epochs.known

    def _marks(self, shards: Sequence[int]) -> list[Command]:
        names = [keys.epoch(shard) for shard in shards]
        if self._epochs is None:
            return []
        return [("GET", name) for name in names] if self._is_cluster else [("MGET", *names)]

    def _check(self, shards: Sequence[int], replies: Sequence[Any], known: object) -> None:
        """Raise IndexEmptiedError unless the marks are known, and were when it was asked."""
        if self._epochs is None:
            return
        self._epochs.check(shards, replies if self._is_cluster else replies[0])
        if self._epochs.known is not known:
            raise IndexEmptiedError("a shard of the index was restored meanwhile")
