"""The sharded index: positions flow in by pipelines, the members of an area flow out shard by shard.

Bounded: `SEARCHES_IN_FLIGHT` searches at once, `SAMPLE_SHARDS` shards a sample, one pipeline a call of `record`,
`CONNECTIONS` connections. Redis away is one of `AWAY`, raised to the caller, who waits and asks again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import chain
from math import sqrt
from time import perf_counter
from typing import TYPE_CHECKING, Final, cast

import msgspec
import numpy as np
from redis import asyncio as aioredis
from redis.exceptions import (
    BusyLoadingError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from geo.shards import SHARDS, shard_of, shards_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from geo.area import Circle

SEARCHES_IN_FLIGHT: Final = 2
"""Over all lanes and alerts of a process, because everybody else waits behind all of them: at 5 million people a search
takes 2.5 ms. One leaves Redis idle, more than two gain nothing and lengthen a PING's wait (measured)."""

SAMPLE_SHARDS: Final = 16
CONNECTIONS: Final = 64
COMMAND_TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 3.0

AWAY = (RedisConnectionError, RedisTimeoutError, BusyLoadingError, OSError)
"""What redis-py raises while Redis restarts or cannot be reached."""


class Positions(msgspec.Struct, frozen=True):
    """Reported positions of one lane: parallel columns, degrees in WGS-84."""

    lane: str
    users: list[int]
    longitudes: list[float]
    latitudes: list[float]


class Sample(msgspec.Struct, frozen=True):
    """An estimate from `SAMPLE_SHARDS` of all shards: people, and the half width of its 95% interval."""

    people: int
    margin: int


def key(lane: str, shard: int) -> str:
    """Return the key of one lane's shard; the hash tag lets a cluster spread shards."""
    return f"geo:{{{shard}}}:{lane}"


def connect(url: str) -> aioredis.Redis:
    """Return a client for `url` (redis://, rediss://, unix://); it connects when first used.

    Time limits are the index's own, one a call: the client's would set a timer for each of a pipeline's answers.
    """
    return aioredis.Redis.from_pool(
        aioredis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=COMMAND_TIMEOUT_S,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
        )
    )


class PositionIndex:
    """The index over the lanes that are configured; a user stands in one lane of one shard."""

    def __init__(self, redis: aioredis.Redis, lanes: Sequence[str]) -> None:
        self._redis = redis
        self._lanes = tuple(lanes)
        self._searching = asyncio.Semaphore(SEARCHES_IN_FLIGHT)

    async def record(self, positions: Positions) -> None:
        """Put users where they were last heard from, and out of every other lane. One pipeline."""
        pipe = self._redis.pipeline(transaction=False)
        for shard, members in _by_shard(positions):
            pipe.execute_command("GEOADD", key(positions.lane, shard), *members)
            for other in self._lanes:
                if other != positions.lane:
                    pipe.zrem(key(other, shard), *members[2::3])
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            await pipe.execute()

    async def forget(self, user: int) -> bool:
        """Remove a user from every lane; False when there was nothing to remove."""
        pipe = self._redis.pipeline(transaction=False)
        for lane in self._lanes:
            pipe.zrem(key(lane, shard_of(user)), user)
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            return any(await pipe.execute())

    async def stream(
        self,
        lane: str,
        area: Circle,
        shards: Iterable[int],
        ahead_max: int = SEARCHES_IN_FLIGHT,
        observe_s: Callable[[float], None] = lambda _: None,
    ) -> AsyncIterator[tuple[int, list[bytes]]]:
        """Yield (shard, user ids as decimal bytes) for each shard in order, at most `ahead_max` searches ahead."""
        ahead: deque[tuple[int, asyncio.Task[list[bytes]]]] = deque()
        remaining = iter(shards)
        try:
            while True:
                while len(ahead) < ahead_max and (shard := next(remaining, None)) is not None:
                    search = asyncio.create_task(
                        self._timed_search(lane, shard, area, observe_s), name=f"search {shard}"
                    )
                    ahead.append((shard, search))
                if not ahead:
                    return
                shard, search = ahead.popleft()
                yield shard, await search
        finally:
            for _, search in ahead:
                search.cancel()
            for _, search in ahead:
                await asyncio.wait({search})

    async def _timed_search(
        self, lane: str, shard: int, area: Circle, observe_s: Callable[[float], None]
    ) -> list[bytes]:
        async with self._searching:
            started_s = perf_counter()
            found = await self.search(lane, shard, area)
            observe_s(perf_counter() - started_s)
            return found

    async def search(self, lane: str, shard: int, area: Circle) -> list[bytes]:
        """Return the users of one shard within the area."""
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            if area.leaves_grid():
                return await self._search_exhaustively(key(lane, shard), area)
            found: list[bytes] = await self._redis.execute_command(  # type: ignore[no-untyped-call]
                "GEOSEARCH",
                key(lane, shard),
                "FROMLONLAT",
                area.longitude,
                area.latitude,
                "BYRADIUS",
                area.radius_km,
                "km",
            )
            return found

    async def _search_exhaustively(self, shard_key: str, area: Circle) -> list[bytes]:
        """Near a pole or across the antimeridian Redis' nine cells do not cover a circle: look at everybody there."""
        members = cast("list[bytes]", await self._redis.zrange(shard_key, 0, -1))
        if not members:
            return []
        places = await self._redis.geopos(shard_key, *members)
        present = [(member, place) for member, place in zip(members, places, strict=True) if place is not None]
        coordinates = np.array([place for _, place in present], dtype=np.float64).reshape(-1, 2)
        inside = area.contains(coordinates[:, 0], coordinates[:, 1])
        return [member for (member, _), within in zip(present, inside.tolist(), strict=True) if within]

    async def sample(self, lane: str, area: Circle, seed: int) -> Sample:
        """Estimate how many users of a lane the area holds, from shards spread evenly from `seed` on."""
        chosen = [(seed + step * (SHARDS // SAMPLE_SHARDS)) % SHARDS for step in range(SAMPLE_SHARDS)]
        counts = np.array([len(found) async for _, found in self.stream(lane, area, chosen)], dtype=np.float64)
        scale = SHARDS / SAMPLE_SHARDS
        # Students t for 15 degrees of freedom, with the correction for a finite number of shards.
        deviation = float(counts.std(ddof=1)) * sqrt(1 - SAMPLE_SHARDS / SHARDS)
        margin = 2.131 * deviation / sqrt(SAMPLE_SHARDS) * SHARDS
        return Sample(people=round(float(counts.sum()) * scale), margin=round(margin))

    async def ping(self, timeout_s: float) -> None:
        """Ask for a sign of life; raises one of `AWAY` without one."""
        async with asyncio.timeout(timeout_s):
            await self._redis.ping()


def _by_shard(positions: Positions) -> Iterator[tuple[int, list[bytes]]]:
    """Yield (shard, [longitude, latitude, user, longitude, ...]), written as the client would, but all at once."""
    users = np.array(positions.users, dtype=np.int64)
    shards = shards_of(users)
    order = np.argsort(shards, kind="stable")
    longitudes, latitudes = (np.array(column)[order] for column in (positions.longitudes, positions.latitudes))
    rows = zip(longitudes.tolist(), latitudes.tolist(), users[order].tolist(), strict=True)
    text = msgspec.json.encode(list(chain.from_iterable(rows)))[1:-1].split(b",")
    distinct, starts = np.unique(shards[order], return_index=True)
    ends = [*starts.tolist()[1:], len(order)]
    for shard, start, end in zip(distinct.tolist(), starts.tolist(), ends, strict=True):
        yield shard, text[3 * start : 3 * end]
