"""People: a number flows in, chunks of positions around real cities flow out, and into the index.

Bounded: `CHUNK` people in memory at a time, whatever their number; the brute-force count is made chunk by chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.area import Circle, distances_km
from geo.connection import connect
from geo.index import PositionIndex
from geo.positions import Positions, now_ms
from server.demo.cities import FAR_AWAY, NEAR_SHARE, PEARL_RIVER_DELTA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

CHUNK = 50_000
FIRST_USER = 10_000_000
KM_A_DEGREE = 111.2
MEAN_AGE_MS = 6 * 3_600_000
EDGE_KM = 0.001
"""Redis stores geohashes of 52 bits: nobody is put within a metre of the edge, where either side would be right."""


def generate(people: int, area: Circle, seed: int = 2026) -> Iterator[tuple[Positions, int]]:
    """Yield chunks of people with how many of each are in `area` by great-circle distance."""
    rng = np.random.default_rng(seed)
    cities = (*PEARL_RIVER_DELTA, *FAR_AWAY)
    near = np.array([city.millions for city in PEARL_RIVER_DELTA])
    far = np.array([city.millions for city in FAR_AWAY])
    shares = np.concatenate([near / near.sum() * NEAR_SHARE, far / far.sum() * (1 - NEAR_SHARE)])
    centres = np.array([(city.longitude, city.latitude, city.spread_km) for city in cities])
    for start in range(0, people, CHUNK):
        number = min(CHUNK, people - start)
        home = centres[rng.choice(len(cities), number, p=shares)]
        latitudes = home[:, 1] + rng.normal(0, 1, number) * home[:, 2] / KM_A_DEGREE
        stretch = KM_A_DEGREE * np.cos(np.radians(latitudes))
        longitudes = home[:, 0] + rng.normal(0, 1, number) * home[:, 2] / stretch
        distances = distances_km(area.longitude, area.latitude, longitudes, latitudes)
        _keep_off_the_edge(latitudes, distances, area)
        # Every third id: real ids have gaps, and no pattern in their low bits is relied upon.
        ats_ms = (now_ms() - rng.exponential(MEAN_AGE_MS, number)).astype(np.int64).tolist()
        users = FIRST_USER + 3 * np.arange(start, start + number)
        positions = Positions("tpns", users.tolist(), longitudes.tolist(), latitudes.tolist(), ats_ms)
        inside = distances_km(area.longitude, area.latitude, longitudes, latitudes) <= area.radius_km
        yield positions, int(inside.sum())


def _keep_off_the_edge(latitudes: NDArray[np.float64], distances: NDArray[np.float64], area: Circle) -> None:
    near_edge = np.abs(distances - area.radius_km) <= EDGE_KM
    latitudes[near_edge] = area.latitude


async def populate(redis_url: str, people: int, area: Circle, told: Callable[[int], None]) -> int:
    """Put `people` into the index, telling how many are done; returns how many are in `area` by brute force."""
    redis = connect(redis_url)
    index = PositionIndex(redis, ("tpns",))
    inside = 0
    try:
        for positions, chunk_inside in generate(people, area):
            await index.record(positions)
            inside += chunk_inside
            told(len(positions.users))
    finally:
        await redis.aclose()
    return inside
