"""Samples: areas from near to far flow in, how many people each adds flows out, with an interval, from some shards.

Users fall into shards by a hash, so those of an area that a sample of shards holds are a binomial draw of them.
Bounded: `SAMPLE_SHARDS_MAX` shards of 1024, `AGES_MAX` devices looked at for their age.
"""

from __future__ import annotations

import asyncio
import random
from math import ceil, floor, sqrt
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from geo.index.shards import SHARDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.area import Area
    from geo.index.position_index import PositionIndex

SAMPLE_SHARDS_MAX: Final = 32
SHARDS_FIRST: Final = 1
ENOUGH_PEOPLE: Final = 16_000
"""Their number is known to 1.6%; at 5 million people six shards hold so many, in 15 ms."""

ENOUGH_S: Final = 0.1
"""Of a very large audience one shard says enough, and an estimate there must be, or no cap could be held to it."""

STRIDE: Final = 167
"""Odd, so that the shards of a sample are all different, and far from one another."""

AGES_MAX: Final = 1024
HOUR_MS: Final = 3_600_000
DAY_H: Final = 24

Z_95: Final = 1.96
"""Of the normal distribution: 2.5% lie above."""


class Count(msgspec.Struct, frozen=True):
    """People, estimated, and the 95% interval."""

    people: int
    low: int
    high: int


class Ages(msgspec.Struct, frozen=True):
    """How long ago the sampled people were last heard from; `older_than_day` is a share from 0 to 1."""

    sampled: int
    median_h: float
    p90_h: float
    older_than_day: float


class Sample(msgspec.Struct, frozen=True):
    """Of one lane: what each area adds to those before it, all of them together, and the positions' ages."""

    added: list[Count]
    total: Count
    ages_h: list[float]


async def sample(index: PositionIndex, lane: str, areas: Sequence[Area], seed: int) -> Sample:
    """Sample a lane in `areas`, each of which holds those before it; `seed` chooses the shards.

    Shards are looked at until they hold enough people: many say little more, few say too little.
    """
    order = [(seed + step * STRIDE) % SHARDS for step in range(SAMPLE_SHARDS_MAX)]
    counts = np.zeros(len(areas), dtype=np.int64)
    chosen: dict[int, list[bytes]] = {}
    until_s = asyncio.get_running_loop().time() + ENOUGH_S
    while len(chosen) < SAMPLE_SHARDS_MAX and counts[-1] < ENOUGH_PEOPLE:
        if chosen and asyncio.get_running_loop().time() > until_s:
            break
        # As many again each time: few people are sampled from many shards, and soon.
        trip = order[len(chosen) : len(chosen) + max(SHARDS_FIRST, len(chosen))]
        for shard, found in zip(trip, await index.search(lane, trip, areas), strict=True):
            counts += [len(users) for users in found]
            chosen[shard] = found[-1]
    share = len(chosen) / SHARDS
    added = np.diff(counts, prepend=0).tolist()
    ages_h = await _ages_h(index, chosen)
    return Sample([interval(max(0, one), share) for one in added], interval(int(counts[-1]), share), ages_h)


async def _ages_h(index: PositionIndex, users: dict[int, list[bytes]]) -> list[float]:
    """Return the ages in hours of some users of each shard, chosen without regard to where they are."""
    each = AGES_MAX // len(users)
    chosen = {shard: random.sample(found, min(len(found), each)) for shard, found in users.items() if found}
    moment_ms = index.clock_ms()
    records = [record for record in await index.devices(chosen) if record is not None]
    return [(moment_ms - int.from_bytes(record[:6], "big")) / HOUR_MS for record in records]


def ages_of(ages_h: list[float]) -> Ages | None:
    """Sum up ages; None when there are none."""
    if not ages_h:
        return None
    hours = np.maximum(np.array(ages_h), 0.0)
    median, p90 = np.quantile(hours, [0.5, 0.9]).tolist()
    return Ages(len(ages_h), round(median, 1), round(p90, 1), round(float((hours > DAY_H).mean()), 3))


def interval(found: int, share: float) -> Count:
    """Return the estimate and its 95% interval for `found` people in a `share` of all shards.

    Those found are Poisson-like around share x people; the exact limits are quantiles of chi-square, here by Wilson and
    Hilferty (1931), good from the first person on. That a share of the people is certain narrows them a little.
    """
    narrowed = sqrt(1 - share)
    low = found * (1 - 1 / (9 * found) - Z_95 * narrowed / (3 * sqrt(found))) ** 3 if found else 0.0
    above = found + 1
    high = above * (1 - 1 / (9 * above) + Z_95 * narrowed / (3 * sqrt(above))) ** 3
    return Count(round(found / share), max(found, floor(low / share)), ceil(high / share))
