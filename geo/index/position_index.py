"""The sharded index: position reports flow in by pipelines of scripts, the members of an area flow out by shard.

A user is in one lane and one generation of one shard, because one script moves everything at once.
Bounded: `SEARCHES_IN_FLIGHT` searches at once over all lanes, one pipeline a call of `record`, `COMMAND_TIMEOUT_S` a
call. While Redis is unavailable, calls raise one of `connection.UNAVAILABLE_ERRORS`; the caller waits and retries.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import chain, compress
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

import numpy as np
from redis.asyncio import RedisCluster

from geo.connection import COMMAND_TIMEOUT_S, connect, refusals_of, waiting_of
from geo.index import keys
from geo.index.calls import drop_calls, forget_again_calls, forget_calls, reach_calls, record_calls
from geo.index.checks.denied import denied_of
from geo.index.checks.pipelines import ask
from geo.index.checks.scores import geohashes
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from geo.index.checks.users import checked
from geo.index.devices import devices_from
from geo.index.loss.writes import check_writes
from geo.index.preferences.mirror import PreferenceMirror
from geo.index.presence import present, standing
from geo.index.reports import Positions, now_ms
from geo.index.scripts import register, run, run_in_generation
from geo.index.search.members import places, unique
from geo.index.search.trip import Trip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from redis.commands.core import AsyncScript

    from geo.area import Area
    from geo.connection import Client
    from geo.index.calls import Call
    from geo.index.checks.pipelines import Command
    from geo.index.devices import DeadToken, Devices
    from geo.index.loss.epochs import Epochs

__all__ = ["COMMAND_TIMEOUT_S", "PositionIndex", "Positions", "connect"]

SEARCHES_IN_FLIGHT: Final = 2
"""Over all lanes and alerts of a process, because all other clients of Redis wait for them: at 5 million people a
search takes 2.5 ms. One leaves Redis idle; more than two gain nothing and lengthen a PING's wait (measured)."""

SAMPLES_IN_FLIGHT: Final = 1
"""Beside the searches: an estimate has half a second, in which it must not wait for those of many alerts."""

TRIP_SHARDS: Final = 64
TRIP_MEMBERS: Final = 4096
"""One round trip searches about this many members: Redis serves no other client meanwhile, about 1.5 ms (measured)."""

NOT_KNOWN: Final = -1
UNCHANGED: Final = -2


class Found(NamedTuple):
    """Users found up to a shard, as decimal bytes and as numbers, and when the search began, by the loop's clock."""

    shard: int
    users: list[bytes]
    ids: NDArray[np.int64]
    asked_s: float


async def hold_nothing() -> None:
    """Let each trip begin at once."""


class PositionIndex:
    """The index over the configured lanes."""

    def __init__(
        self,
        client: Client,
        lanes: Sequence[str],
        generations: keys.Generations | None = None,
        clock_ms: Callable[[], int] = now_ms,
        epochs: Epochs | None = None,
    ) -> None:
        self._epochs = epochs
        self._client = client
        self._is_cluster = isinstance(client, RedisCluster)
        self._lanes = tuple(lanes)
        self.generations = generations or keys.Generations()
        self.clock_ms = clock_ms
        self.waiting, self.denied, self.refusals = waiting_of(client), denied_of(client), refusals_of(client)
        self.unreadable = unreadable_of(client)
        self._searching = asyncio.Semaphore(SEARCHES_IN_FLIGHT)
        self._sampling = asyncio.Semaphore(SAMPLES_IN_FLIGHT)
        self._shard_members: WeakKeyDictionary[Area, dict[str, float]] = WeakKeyDictionary()
        self.preferences = PreferenceMirror(client, epochs)
        self._record, self._forget = register(client, "record"), register(client, "forget")
        self._forget_again = register(client, "forget_again")
        self._drop, self._reach = register(client, "drop"), register(client, "reach")

    async def record(self, positions: Positions) -> int:
        """Move users to their reported positions; returns how many reports were newer than those known."""

        def calls(moment_ms: int) -> list[Call]:
            return record_calls(positions, self._lanes, self.generations, moment_ms)[0]

        return await self._count(self._record, calls)

    async def record_from(self, positions: Positions) -> NDArray[np.int64]:
        """Move users as `record` does; returns at which geohash each was before, in the same lane.

        `NOT_KNOWN`: nobody knows; `UNCHANGED`: the report changed nothing.
        """
        order = np.empty(0, dtype=np.int64)

        def calls(moment_ms: int) -> list[Call]:
            nonlocal order
            made, order = record_calls(positions, self._lanes, self.generations, moment_ms, asks_before=True)
            return made

        tries = await run_in_generation(self._client, self._record, calls, self.clock_ms())
        befores = np.empty(len(order), dtype=np.int64)
        befores[order] = np.fromiter(chain.from_iterable(tries[-1]), np.int64, len(order))
        if len(tries) > 1:
            # A part may stand already where this call put it before.
            befores[befores >= 0] = NOT_KNOWN
        return befores

    async def forget(self, users: Sequence[int]) -> int:
        """Remove users from every lane, with their devices; returns how many of them were known."""
        return await self._count(
            self._forget, lambda moment_ms: forget_calls(users, self._lanes, self.generations, moment_ms)
        )

    async def forget_again(self, forgotten: Sequence[tuple[int, int]]) -> int:
        """Remove users who were forgotten (user, when in ms) and came back with an older state of Redis."""
        return await self._count(
            self._forget_again,
            lambda moment_ms: forget_again_calls(forgotten, self._lanes, self.generations, moment_ms),
        )

    async def drop(self, lane: str, dead: Sequence[DeadToken]) -> int:
        """Remove users whose token is invalid, unless they have reported since; returns how many were removed."""
        return await self._count(self._drop, lambda moment_ms: drop_calls(dead, lane, self.generations, moment_ms))

    async def _count(self, script: AsyncScript, calls: Callable[[int], list[Call]]) -> int:
        tries = await run_in_generation(self._client, script, calls, self.clock_ms())
        return sum(one for replies in tries for one in replies if not isinstance(one, bytes))

    async def stream(
        self,
        lane: str,
        area: Area,
        shards: Sequence[int],
        ahead_max: int = SEARCHES_IN_FLIGHT,
        observe_s: Callable[[float], None] = lambda _: None,
        hold: Callable[[], Awaitable[None]] = hold_nothing,
    ) -> AsyncIterator[Found]:
        """Yield the members found by each round trip, in the order of the shards, at most `ahead_max` trips ahead.

        `hold` is awaited before each trip.

        Users who changed lanes a moment ago are left out; the next sweep finds them once the ledger is complete.
        """
        ahead: deque[asyncio.Task[Found]] = deque()
        start = 0
        try:
            while True:
                while len(ahead) < ahead_max and start < len(shards):
                    trip = shards[start : start + self._trip(lane, area)]
                    search = self._timed_search(lane, trip, area, observe_s, hold)
                    ahead.append(asyncio.create_task(search, name=f"search from {trip[0]}"))
                    start += len(trip)
                if not ahead:
                    return
                yield await ahead.popleft()
        finally:
            for search_task in ahead:
                search_task.cancel()
            for search_task in ahead:
                await asyncio.wait({search_task})

    def _trip(self, lane: str, area: Area) -> int:
        """Return how many shards to search in one round trip, from the members found by the last one."""
        expected = self._shard_members.get(area, {}).get(lane, TRIP_MEMBERS)
        return max(1, min(TRIP_SHARDS, int(TRIP_MEMBERS / max(expected, 1.0))))

    async def _timed_search(
        self,
        lane: str,
        shards: Sequence[int],
        area: Area,
        observe_s: Callable[[float], None],
        hold: Callable[[], Awaitable[None]],
    ) -> Found:
        async with self._searching:
            await hold()
            asked_s = asyncio.get_running_loop().time()
            started_s = perf_counter()
            found, movers = await self._search(lane, shards, [area], asks_movers=len(self._lanes) > 1)
            observe_s(perf_counter() - started_s)
        self._shard_members.setdefault(area, {})[lane] = sum(len(users) for (users,) in found) / len(shards)
        members, ids, skipped = checked(shards, [some for (some,) in found])
        self.unreadable.report(UnreadableKind.MEMBER, skipped)
        users = [*chain.from_iterable(members)]
        if any(movers):
            stays = [user not in moved for some, moved in zip(members, movers, strict=True) for user in some]
            users, ids = [*compress(users, stays)], ids[np.array(stays, dtype=np.bool_)]
        return Found(shards[-1], users, ids, asked_s)

    async def search(self, lane: str, shards: Sequence[int], areas: Sequence[Area]) -> list[list[list[bytes]]]:
        """Return by shard the members of each area, in one round trip; the caller bounds the shards."""
        async with self._sampling:
            found, _ = await self._search(lane, shards, areas, asks_movers=False)
        by_area = [checked(shards, some) for some in zip(*found, strict=True)]
        self.unreadable.report(UnreadableKind.MEMBER, sum(one.skipped for one in by_area))
        return [*map(list, zip(*(one.members for one in by_area), strict=True))] if by_area else found

    async def sizes(self, lane: str, shards: Sequence[int]) -> list[int]:
        """Return how many members each shard has in a lane, in one round trip."""
        living = self.generations.living(self.clock_ms())
        commands = [("ZCARD", keys.positions(shard, lane, one)) for shard in shards for one in living]
        replies = await ask(self._client, commands)
        return [sum(replies[start : start + len(living)]) for start in range(0, len(replies), len(living))]

    async def _search(
        self, lane: str, shards: Sequence[int], areas: Sequence[Area], *, asks_movers: bool
    ) -> tuple[list[list[list[bytes]]], list[frozenset[bytes]]]:
        """Return by shard the members of each area, and the users who changed lanes a moment ago."""
        now_ms = self.clock_ms()
        names = [[keys.positions(shard, lane, one) for one in self.generations.living(now_ms)] for shard in shards]
        scanned: list[list[list[bytes]]] = []
        if any(area.leaves_grid for area in areas):
            scanned = [
                [unique(*[await self._scan_all(name, area) for name in pair]) for area in areas] for pair in names
            ]
        trip = Trip(shards, names, () if scanned else areas, asks_movers, self._epochs is not None, self._is_cluster)
        found = trip.read(await ask(self._client, trip.commands()))
        if self._epochs is not None:
            self._epochs.check(shards, found.marks)
        movers = await ask(self._client, trip.movers(now_ms)) if found.are_movers else [()] * len(shards)
        return scanned or found.members, [frozenset(some) for some in movers]

    async def _scan_all(self, name: str, area: Area) -> list[bytes]:
        """Read every position: near a pole or across the antimeridian Redis' nine cells do not cover a circle."""
        ((everybody),) = await ask(self._client, [("ZRANGE", name, "0", "-1", "WITHSCORES")])
        # By the protocol's version pairs, or members and scores in turn.
        flat = [*chain.from_iterable(everybody)] if everybody and isinstance(everybody[0], list | tuple) else everybody
        users = cast("list[bytes]", flat[::2])
        found, unreadable = geohashes(flat[1::2])
        self.unreadable.report(UnreadableKind.SCORE, unreadable)
        inside = area.contains(*places(np.maximum(found, 0))) & (found >= 0)
        return [users[row] for row in np.flatnonzero(inside).tolist()]

    async def present(self, lane: str, users: NDArray[np.int64], *, settled: bool = False) -> NDArray[np.bool_]:
        """Tell for each user whether they are in this lane, at any position; `settled`: and were a minute ago."""
        now = self.clock_ms()
        living = self.generations.living(now)
        return await present(self._client, lane, users, living, settled_ms=now if settled else None)

    async def standing(self, lane: str, users: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return at which geohash each user stands in this lane, or `NOT_KNOWN`, and who changed lanes a moment ago."""
        now = self.clock_ms()
        return await standing(self._client, lane, users, self.generations.living(now), now)

    async def reached_at(self, lane: str, users: NDArray[np.int64]) -> Devices:
        """Return how to reach each user in this lane now; None for a user who is not, or no longer, in it."""
        calls, order = reach_calls(users, lane, self.generations, self.clock_ms())
        records: list[bytes | None] = [*chain.from_iterable(await run(self._client, self._reach, calls))]
        if (np.diff(order) < 0).any():
            records = [records[place] for place in np.argsort(order).tolist()]
        return devices_from(records, lane)

    async def devices(self, users: Mapping[int, Sequence[bytes]]) -> list[bytes | None]:
        """Return the device record of each user, by shard; None for a user without one."""
        living = self.generations.living(self.clock_ms())
        commands: list[Command] = [
            ("HMGET", keys.devices(shard, generation), *some) for shard, some in users.items() for generation in living
        ]
        replies = iter(await ask(self._client, commands))
        return [
            new if new is not None else old
            for _ in users
            for old, new in zip(next(replies), next(replies), strict=True)
        ]

    async def ping(self, timeout_s: float) -> None:
        """Check that Redis replies; raises one of `UNAVAILABLE_ERRORS` or TimeoutError if it does not."""
        await asyncio.wait_for(self._client.ping(), timeout_s)

    async def check_writes(self, timeout_s: float) -> None:
        """Check that Redis takes writes; raises what it refuses one with, or as `ping`."""
        async with asyncio.timeout(timeout_s):
            await check_writes(self._client)
