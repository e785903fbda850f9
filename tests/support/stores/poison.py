"""Poison for Redis: what somebody who writes to it may leave in any key that a server reads.

Made from a seed. Bounded: `SHARDS_POISONED` shards, `VALUES` for each kind of key, `LONG_BYTES` a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from geo.index import keys
from geo.index.keys import Generations
from geo.index.reports import now_ms
from geo.index.shards import SHARDS
from push.alerts.watch.record_guard import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from redis import asyncio as aioredis

SHARDS_POISONED: Final = 40
LONG_BYTES: Final = 200_000
FAR_MS: Final = (1 << 48) - 1
"""As far as six bytes reach: the year 10889."""

_NUMBERS: Final = ("0", "-1", "007", "+5", "1e308", "-1e308", "nan", "inf", "-inf", "9" * 19, "9" * 400, "0x10", "1.5")
_TEXTS: Final = (b"", b" ", b"1 2", b"\0", b"\xff\xfe", "１２".encode(), b"x" * LONG_BYTES, b"7\n", b"{}", b"None")
SCORES: Final = (-1.0, 0.5, 1e300, -1e300, float("inf"), float("-inf"), 2.0**52, 2.0**63, 4_054_421_167_795_118.0)


def values(random: Random) -> list[bytes]:
    """Return values of every sort, and random bytes, in random order."""
    made = [
        *(one.encode() for one in _NUMBERS),
        *_TEXTS,
        *(random.randbytes(random.randrange(1, 40)) for _ in range(8)),
    ]
    random.shuffle(made)
    return made


def other_types(name: str, random: Random) -> list[Callable[[Any], Any]]:
    """Return what makes a key of another type, one way for each type, awaited or in a pipeline."""
    value = random.choice(values(random))
    return [
        lambda redis: redis.set(name, value),
        lambda redis: redis.rpush(name, value),
        lambda redis: redis.sadd(name, value),
        lambda redis: redis.hset(name, value, value),
        lambda redis: redis.zadd(name, {value: random.choice(SCORES)}),
        lambda redis: redis.xadd(name, {value: value}),
    ]


async def replace(redis: aioredis.Redis, name: str, random: Random) -> None:
    """Put a key of a random type in the place of one, at once: a server would write its own in between."""
    pipe = redis.pipeline(transaction=True)
    pipe.delete(name)
    random.choice(other_types(name, random))(pipe)
    await pipe.execute()


def shard_keys(shard: int, lanes: Sequence[str]) -> list[str]:
    """Return the names of all keys of a shard."""
    living = Generations().living(now_ms())
    return [
        *(keys.positions(shard, lane, one) for lane in lanes for one in living),
        *(keys.devices(shard, one) for one in living),
        keys.moved(shard),
        keys.forgotten(shard),
        keys.epoch(shard),
        keys.non_default_locale(shard),
    ]


async def add_beside(redis: aioredis.Redis, random: Random, lane: str) -> None:
    """Add to the keys of some shards what is none of ours, beside what is: nobody who stands there is lost by it."""
    before, present = Generations().living(now_ms())
    for shard in random.sample(range(SHARDS), SHARDS_POISONED):
        pipe = redis.pipeline(transaction=False)
        for value in values(random):
            pipe.zadd(keys.positions(shard, lane, present), {value: random.choice(SCORES)})
            pipe.geoadd(keys.positions(shard, lane, present), (114.05, 22.54, value))
            pipe.hset(keys.devices(shard, random.choice((before, present))), value, random.choice(values(random)))
            pipe.zadd(keys.moved(shard), {value: random.choice((*SCORES, now_ms() + 10_000, FAR_MS))})
            pipe.zadd(keys.forgotten(shard), {value: random.choice((*SCORES, FAR_MS))})
        pipe.persist(keys.moved(shard))
        await pipe.execute()
        await replace(redis, keys.positions(shard, lane, before), random)
        for name in (keys.moved(shard), keys.forgotten(shard), keys.epoch(shard), keys.non_default_locale(shard)):
            if random.random() < 0.5:
                await replace(redis, name, random)


async def spoil_shared(redis: aioredis.Redis, random: Random, names: Sequence[str]) -> None:
    """Spoil the keys that no shard has: the stream, the record's position, quotas and limits."""
    await replace(redis, keys.FORGETTING, random)
    for name in names:
        await replace(redis, name, random)
    await replace(redis, KEY, random)


async def spoil_values(redis: aioredis.Redis, random: Random, quotas: Sequence[str], limits: Sequence[str]) -> None:
    """Give the keys that no shard has the right type, and values that are none of ours."""
    await redis.delete(keys.FORGETTING, KEY, *quotas, *limits)
    for value in values(random):
        await redis.xadd(keys.FORGETTING, {random.choice((b"users", b"other")): value})
    await redis.xadd(keys.FORGETTING, {"users": "1"}, id="18446744073709551615-18446744073709551614")
    for field in ("seq", "digest", "signed"):
        await redis.hset(KEY, field, random.choice(values(random)))
    for name in quotas:
        for field in ("at", "since", "seen"):
            await redis.hset(name, field, random.choice(_NUMBERS))
    for name in limits:
        await redis.set(name, random.choice(_NUMBERS))
