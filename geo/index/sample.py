"""Estimate the members of areas, with an interval, from a sample of shards.

A hash assigns users to shards, so the members found in a sample of shards are a binomial draw of all members. A shard
with many times more members than the others has them from somebody else, and is no part of the sample.
Bounded: `SAMPLE_SHARDS_MAX` shards of 1024, `AGES_MAX` devices whose age is read.
"""

from __future__ import annotations

import asyncio
from itertools import compress
from math import ceil, floor, sqrt
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from geo.index.checks.unreadable import UnreadableKind
from geo.index.shards import SHARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geo.area import Area
    from geo.index.position_index import PositionIndex

SAMPLE_SHARDS_MAX: Final = 32
SHARDS_FIRST_MAX: Final = 4
"""Searched within some milliseconds a lane: nine lanes at once still have an answer within `ENOUGH_S`."""

ENOUGH_PEOPLE: Final = 16_000
"""So many give a 95% interval of 1.6%; at 5 million people six shards hold them, searched in 15 ms."""

ENOUGH_S: Final = 0.1
"""After this time the sample ends with the shards it has. One suffices for a very large audience, and the limit on
people needs an estimate."""

OUTLIER_TIMES: Final = 4
OUTLIER_PEOPLE: Final = 1000
"""No draw gives a shard four times the median of the others, and a thousand more."""

AGES_MAX: Final = 1024
HOUR_MS: Final = 3_600_000
DAY_H: Final = 24

Z_95: Final = 1.96
"""Of the normal distribution: 2.5% of all values lie above."""


class Count(msgspec.Struct, frozen=True):
    """An estimated number of people, and its 95% interval."""

    people: int
    low: int
    high: int


class Ages(msgspec.Struct, frozen=True):
    """How long ago the sampled people last reported; `older_than_day` is a share from 0 to 1."""

    sampled: int
    median_h: float
    p90_h: float
    older_than_day: float


class Sample(msgspec.Struct, frozen=True):
    """The estimates for one lane: what each area adds to those before it, the total, and the ages of positions."""

    added: list[Count]
    total: Count
    ages_h: list[float]


async def sample(
    index: PositionIndex, lane: str, areas: Sequence[Area], seed: int, takes: Callable[[bytes], bool] | None = None
) -> Sample:
    """Sample a lane in `areas`, of which each adds those in none before it; `seed` chooses the shards.

    `takes` reads what a user prefers, and tells whether the user counts; None: everybody does.

    Reads shards until they hold `ENOUGH_PEOPLE` or `ENOUGH_S` has passed.
    """
    rng = np.random.default_rng(seed)
    drawn: list[int] = rng.permutation(SHARDS)[:SAMPLE_SHARDS_MAX].tolist()
    order, members = await _ordinary(index, lane, drawn)
    counts = np.zeros(len(areas), dtype=np.int64)
    # Areas around one place contain those before them: the last one has everybody.
    is_nested = (
        len({None if area.circle is None else (area.circle.longitude, area.circle.latitude) for area in areas}) == 1
    )
    chosen: dict[int, list[bytes]] = {}
    until_s = asyncio.get_running_loop().time() + ENOUGH_S
    while len(chosen) < len(order) and counts[-1] < ENOUGH_PEOPLE:
        if chosen and asyncio.get_running_loop().time() > until_s:
            break
        # As many shards as cannot hold more than enough; else their number doubles: a small audience soon has many.
        fitting = int(np.searchsorted(members[len(chosen) :].cumsum(), ENOUGH_PEOPLE, side="right"))
        trip = order[len(chosen) : len(chosen) + max(1, len(chosen), min(fitting, SHARDS_FIRST_MAX))]
        searched = await index.search(lane, trip, areas)
        if takes is not None:
            searched = await _without_refusing(index, searched, takes)
        for shard, found in zip(trip, searched, strict=True):
            sizes, everybody = _united(found, is_nested=is_nested)
            counts += sizes
            chosen[shard] = everybody
    share = len(chosen) / SHARDS
    added = np.diff(counts, prepend=0).tolist()
    ages_h = await _ages_h(index, chosen, rng)
    return Sample([interval(max(0, one), share) for one in added], interval(int(counts[-1]), share), ages_h)


def _united(found: Sequence[list[bytes]], *, is_nested: bool) -> tuple[list[int], list[bytes]]:
    """Return how many users areas have up to each, everybody once, and who is in any of them."""
    if is_nested:
        return [len(users) for users in found], found[-1]
    sizes: list[int] = []
    everybody: dict[bytes, None] = {}
    for users in found:
        everybody |= dict.fromkeys(users)
        sizes.append(len(everybody))
    return sizes, [*everybody]


async def _without_refusing(
    index: PositionIndex, searched: list[list[list[bytes]]], takes: Callable[[bytes], bool]
) -> list[list[list[bytes]]]:
    """Return by shard the members of each area who count."""
    users = [*dict.fromkeys(user for found in searched for some in found for user in some)]
    preferences = await index.preferences.of(np.array([*map(int, users)], dtype=np.int64))
    refusing = {users[row] for row, text in preferences.items() if not takes(text)}
    if not refusing:
        return searched
    return [[[user for user in some if user not in refusing] for some in found] for found in searched]


async def _ordinary(index: PositionIndex, lane: str, shards: Sequence[int]) -> tuple[list[int], NDArray[np.int64]]:
    """Return these shards without those that have far more members than the others, and how many each has."""
    sizes = np.array(await index.sizes(lane, shards))
    limit = OUTLIER_TIMES * float(np.median(sizes)) + OUTLIER_PEOPLE
    is_usual = sizes <= limit
    index.unreadable.report(UnreadableKind.CROWD, int((~is_usual).sum()))
    return [*compress(shards, is_usual.tolist())], sizes[is_usual]


async def _ages_h(index: PositionIndex, users: dict[int, list[bytes]], rng: np.random.Generator) -> list[float]:
    """Return the ages in hours of some members of each shard, chosen at random."""
    each = AGES_MAX // len(users)
    chosen = {
        shard: [found[place] for place in rng.permutation(len(found))[:each].tolist()]
        for shard, found in users.items()
        if found
    }
    moment_ms = index.clock_ms()
    records = [record for record in await index.devices(chosen) if record is not None]
    return [(moment_ms - int.from_bytes(record[:6], "big")) / HOUR_MS for record in records]


def ages_of(ages_h: list[float]) -> Ages | None:
    """Summarise ages; None when there are none."""
    if not ages_h:
        return None
    hours = np.maximum(np.array(ages_h), 0.0)
    median, p90 = np.quantile(hours, [0.5, 0.9]).tolist()
    return Ages(len(ages_h), round(median, 1), round(p90, 1), round(float((hours > DAY_H).mean()), 3))


def interval(found: int, share: float) -> Count:
    """Return the estimate and its 95% interval for `found` people in a `share` of all shards.

    The number found is close to Poisson around share x people. The exact limits are quantiles of chi-square, here by
    Wilson and Hilferty (1931), good from the first person on. The sampled share is exact, which narrows them a little.
    """
    narrowed = sqrt(1 - share)
    low = found * (1 - 1 / (9 * found) - Z_95 * narrowed / (3 * sqrt(found))) ** 3 if found else 0.0
    above = found + 1
    high = above * (1 - 1 / (9 * above) + Z_95 * narrowed / (3 * sqrt(above))) ** 3
    return Count(round(found / share), max(found, floor(low / share)), ceil(high / share))
