"""Estimates: the interval of a sample holds the exact count as often as it promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.area import Area, Circle
from geo.index.position_index import PositionIndex
from geo.index.sample import ages_of, interval, sample
from geo.index.shards import SHARDS
from tests.support.processes.deployment import reports_now
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from redis import asyncio as aioredis

PEOPLE = 60_000
AREAS = 1000
COVERED_MIN = 0.93
SHARE = 16 / SHARDS


async def test_the_interval_of_a_thousand_random_areas_holds_the_exact_count(redis: aioredis.Redis) -> None:
    """Areas of few people and of all, and cities: at least 93% of the intervals hold the brute-force count."""
    rng = np.random.default_rng(2026)
    home = np.array([(114.06, 22.54), (113.26, 23.13), (106.55, 29.56), (116.4, 39.9)])[rng.integers(4, size=PEOPLE)]
    longitudes, latitudes = home[:, 0] + rng.normal(0, 0.6, PEOPLE), home[:, 1] + rng.normal(0, 0.5, PEOPLE)
    index = PositionIndex(redis, ("tpns",))
    users = 10_000_000 + 3 * np.arange(PEOPLE)
    for start in range(0, PEOPLE, 20_000):
        part = slice(start, start + 20_000)
        await index.record(
            reports_now("tpns", users[part].tolist(), longitudes[part].tolist(), latitudes[part].tolist())
        )
    shenzhen = boundaries.cities().polygon("440300")
    held = np.zeros((AREAS, 2), dtype=bool)
    for row in range(AREAS):
        longitude, latitude = (home[rng.integers(PEOPLE)] + rng.normal(0, 0.5, 2)).tolist()
        near, far = sorted(float(radius) for radius in rng.uniform(2, 200, 2))
        city = shenzhen if row % 4 == 0 else None
        areas = [Area(Circle(longitude, latitude, near)), Area(Circle(longitude, latitude, far), city)]
        exact = [int(area.contains(longitudes, latitudes).sum()) for area in areas]
        estimated = await sample(index, "tpns", areas, int(rng.integers(SHARDS)))
        counts = [*estimated.added, estimated.total]
        truth = [exact[0], exact[1] - exact[0], exact[1]]
        held[row] = [count.low <= people <= count.high for count, people in zip(counts, truth, strict=True)][1:]
    assert held[:, 0].mean() >= COVERED_MIN
    assert held[:, 1].mean() >= COVERED_MIN


def test_the_interval_is_right_for_users_in_random_shards() -> None:
    """For few people and many: at least 93% of 20,000 random draws, and no wider than needed."""
    rng = np.random.default_rng(1)
    for people in (1, 10, 64, 500, 5000, 500_000):
        draws = rng.binomial(people, SHARE, 20_000)
        counts = [interval(int(found), SHARE) for found in range(int(draws.max()) + 1)]
        low, high = np.array([c.low for c in counts]), np.array([c.high for c in counts])
        assert np.mean((low[draws] <= people) & (people <= high[draws])) >= COVERED_MIN
    wide = interval(10_000, SHARE)
    assert (wide.high - wide.low) / wide.people < 0.045


def test_ages_say_how_long_ago_people_reported() -> None:
    """Median, 90th percentile, and the share beyond a day; None without people."""
    assert ages_of([]) is None
    ages = ages_of([1.0] * 8 + [30.0] * 2)
    assert ages is not None
    assert (ages.sampled, ages.median_h, ages.older_than_day) == (10, 1.0, 0.2)
