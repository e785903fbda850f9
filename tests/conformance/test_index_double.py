"""The double of Redis answers as the real one does: the same calls of the index, drawn at random, on both."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pytest

from geo.area import Area, Circle
from geo.index.calls import MOVED_KEPT_MS
from geo.index.devices import DeadToken, address
from geo.index.forgetting import Forgetting
from geo.index.locales import NonDefaultLocales
from geo.index.position_index import PositionIndex
from geo.index.preferences.mirror import Entry
from geo.index.reports import Positions
from geo.index.shards import shard_of
from push.transport.quota import Quotas
from tests.simulation.index.instant import InstantRedis

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import asyncio as aioredis

    from push.transport.quota import Quota

LANES: Final = ("tpns", "apns")
STEPS: Final = 80
USERS: Final = range(1, 31)
AREA: Final = Area(Circle(114.0, 22.5, 30.0))
WEEK_MS: Final = 7 * 86_400_000
TRIES: Final = 5
ROUNDED_S: Final = 0.05
"""By so much the clock of Redis and that of this process may differ over a test."""


class Both:
    """The index over the real Redis and over its double, with one clock."""

    def __init__(self, redis: aioredis.Redis, seed: int) -> None:
        self.random = random.Random(seed)
        # Near the end of a generation, so that people move from one to the next.
        self.now_ms = 3000 * WEEK_MS - 60_000
        self.indexes = [
            PositionIndex(cast("Any", client), LANES, clock_ms=lambda: self.now_ms)
            for client in (redis, InstantRedis())
        ]

    async def same(self, call: Callable[[PositionIndex], Any], shown: Callable[[Any], Any] = lambda one: one) -> None:
        """Make a call on both, and compare what is shown of the answers."""
        real, there = [shown(await call(index)) for index in self.indexes]
        assert real == there

    def some(self) -> list[int]:
        """Return some users."""
        return self.random.sample(USERS, self.random.randint(1, 8))

    async def report(self) -> None:
        """Report positions, some of them older than what is known."""
        draw, lane, users = self.random, self.random.choice(LANES), self.some()
        locale = "ar" if draw.random() < 0.1 else "zh-CN"
        columns = (
            [114.0 + draw.uniform(-0.5, 0.5) for _ in users],
            [22.5 + draw.uniform(-0.5, 0.5) for _ in users],
            [self.now_ms - draw.choice((0, 0, 5000, 100_000)) for _ in users],
            [address(locale, f"t{user}" if lane == "apns" else None) for user in users],
        )
        reports = Positions(lane, users, *columns)
        if draw.random() < 0.5:
            await self.same(lambda index: index.record(reports))
        for _ in range(draw.choice((1, 2))):
            await self.same(lambda index: index.record_from(reports), lambda befores: befores.tolist())

    async def leave(self) -> None:
        """Forget users, or drop those whose tokens are dead."""
        users = self.some()[:2]
        if self.random.random() < 0.5:
            await self.same(lambda index: index.forget(users))
            return
        since = self.now_ms - self.random.choice((0, 50_000))
        dead = [DeadToken(user, b"t%d" % user, since) for user in users]
        await self.same(lambda index: index.drop("apns", dead))

    async def prefer(self) -> None:
        """Take over what users prefer, some of it older than what is known, or of before they were forgotten."""
        draw = self.random
        entries = [
            Entry(
                user,
                (self.now_ms - draw.choice((0, 0, 3000, 90_000))) * 1000,
                draw.choice((b'{"off":true}', b"{}", b"")),
            )
            for user in self.some()
        ]
        await self.same(lambda index: index.preferences.put(entries))

    async def look(self) -> None:
        """Look where people are, and how they are reached."""
        lane, users = self.random.choice(LANES), np.array(self.some(), dtype=np.int64)
        shards = sorted({shard_of(user) for user in USERS})
        await self.same(lambda index: index.present(lane, users), lambda found: found.tolist())
        await self.same(lambda index: index.present(lane, users, settled=True), lambda found: found.tolist())
        await self.same(lambda index: index.standing(lane, users), lambda found: [one.tolist() for one in found])
        await self.same(lambda index: index.reached_at(lane, users))
        await self.same(lambda index: index.preferences.of(users), lambda found: sorted(found.items()))
        await self.same(
            lambda index: index.search(lane, shards, [AREA]), lambda found: [sorted(one) for (one,) in found]
        )
        known = {shard: [b"%d" % user for user in USERS if shard_of(user) == shard] for shard in shards}
        await self.same(lambda index: index.devices(known))

        async def streamed(index: PositionIndex) -> list[tuple[int, list[bytes]]]:
            return [(one.shard, sorted(one.users)) async for one in index.stream(lane, AREA, shards)]

        await self.same(streamed)


@pytest.mark.parametrize("seed", range(4))
async def test_the_index_answers_the_same_over_redis_and_over_its_double(redis: aioredis.Redis, seed: int) -> None:
    """Reports, moves between lanes and generations, forgotten users, dead tokens: each answer after each step."""
    both = Both(redis, seed)
    for _ in range(STEPS):
        await both.random.choice((both.report, both.report, both.leave, both.prefer, both.look))()
        both.now_ms += both.random.choice((0, 1000, MOVED_KEPT_MS // 3))
        await both.look()


async def test_locales_and_forgotten_users_are_the_same_in_the_double(redis: aioredis.Redis) -> None:
    """Who reads another language is marked, and who is forgotten is left out of a batch, in both."""
    users = np.array([5], dtype=np.int64)
    for client in (cast("Any", redis), cast("Any", InstantRedis())):
        index = PositionIndex(client, LANES)
        assert not await NonDefaultLocales(client).among(users)
        await index.record(Positions("tpns", [5], [114.0], [22.5], [index.clock_ms()], [address("ar", None)]))
        assert await NonDefaultLocales(client).among(users)
        forgetting = Forgetting(client)
        await forgetting.announce([5])
        remaining = forgetting.remaining([b"5", b"6"])
        assert remaining is not None
        assert remaining.tolist() == [False, True]


async def _waits_s(quota: Quota) -> tuple[list[float | None], list[float]]:
    """Take ahead, once more, and after a hold; returns each wait, and what the calls that count towards it took."""
    clock_s = asyncio.get_running_loop().time
    taken_s = clock_s()
    waits = [await quota.take(100, 100.0, 0.0), await quota.take(100, 100.0, 0.0)]
    took_s = [0.0, clock_s() - taken_s]
    held_s = clock_s()
    await quota.hold(4.0)
    return [*waits, await quota.take(1, 100.0, 0.0)], [*took_s, clock_s() - held_s]


async def test_a_quota_is_taken_and_held_the_same_in_the_double(redis: aioredis.Redis) -> None:
    """What is taken ahead makes the next one wait as long, but for what the calls take; a hold makes all wait."""
    for client in (cast("Any", redis), cast("Any", InstantRedis())):
        for number in range(TRIES):
            waits, took = await _waits_s(Quotas(client).of(f"tpns-{number}"))
            # A Redis that has no time for an answer may have taken: another quota has its own.
            if None not in waits:
                break
        for wait_s, took_s, expected_s in zip(waits, took, (0.0, 1.0, 4.0), strict=True):
            assert wait_s is not None
            assert expected_s - took_s - ROUNDED_S <= wait_s <= expected_s + ROUNDED_S
