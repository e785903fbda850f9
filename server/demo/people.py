"""Puts people at positions around real cities into the index, chunk by chunk.

Bounded: `CHUNK` people in memory at a time, whatever their number; the brute-force count is made chunk by chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from geo.area import ANTIMERIDIAN, INDEX_LATITUDE_MAX
from geo.connection import connect
from geo.index.devices import LOCALE_USUAL, address
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.search import GEOHASH_STEP
from server.demo.lanes import TPNS, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from server.demo.scene import Scene

CHUNK = 50_000
FIRST_USER = 10_000_000
ID_STEP = 3
"""Every third id: real ids have gaps, and no pattern in their low bits is relied upon."""

KM_A_DEGREE = 111.2
MEAN_AGE_MS = 6 * 3_600_000
OUTSIDERS = 1000


class Population(msgspec.Struct, frozen=True):
    """How many people are in the area by brute force, and some who are not."""

    in_area: int
    outsiders: list[int]


def lane_of(user: int, lanes: Sequence[str]) -> str:
    """Return the lane of one of these people: they take turns."""
    return lanes[(user - FIRST_USER) // ID_STEP % len(lanes)]


def generate(
    people: int, scene: Scene, lanes: Sequence[str] = (TPNS,), seed: int = 2026
) -> Iterator[tuple[Positions, NDArray[np.bool_]]]:
    """Yield chunks of a lane's people with who is in the area: by great-circle distance or in the city's polygon."""
    rng = np.random.default_rng(seed)
    for start in range(0, people, CHUNK):
        number = min(CHUNK, people - start)
        home = scene.homes[rng.choice(len(scene.homes), number, p=scene.shares)]
        latitudes = home[:, 1] + rng.normal(0, 1, number) * home[:, 2] / KM_A_DEGREE
        stretch = KM_A_DEGREE * np.cos(np.radians(latitudes))
        longitudes = home[:, 0] + rng.normal(0, 1, number) * home[:, 2] / stretch
        longitudes, latitudes = on_the_grid(longitudes, ANTIMERIDIAN), on_the_grid(latitudes, INDEX_LATITUDE_MAX)
        ats_ms = (now_ms() - rng.exponential(MEAN_AGE_MS, number)).astype(np.int64)
        users = FIRST_USER + ID_STEP * np.arange(start, start + number)
        inside = scene.area.contains(longitudes, latitudes)
        for turn, lane in enumerate(lanes):
            rows = slice((turn - start) % len(lanes), None, len(lanes))
            chosen: list[int] = users[rows].tolist()
            addresses = [] if lane == TPNS else [address(LOCALE_USUAL, token_of(user)) for user in chosen]
            columns = longitudes[rows].tolist(), latitudes[rows].tolist(), ats_ms[rows].tolist()
            yield Positions(lane, chosen, *columns, addresses), inside[rows]


def on_the_grid(degrees: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Return positions as Redis keeps them, to less than a metre: an edge has the same side for both."""
    cells = float(1 << GEOHASH_STEP)
    return (np.floor((degrees + limit) / (2 * limit) * cells) + 0.5) / cells * 2 * limit - limit


async def populate(
    redis_url: str, people: int, scene: Scene, notified: Callable[[int], None], lanes: Sequence[str] = (TPNS,)
) -> Population:
    """Put `people` into the index, telling how many are done."""
    client = connect(redis_url)
    index = PositionIndex(client, [*dict.fromkeys(lanes)])
    in_area = 0
    outsiders: list[int] = []
    try:
        for positions, inside in generate(people, scene, lanes):
            await index.record(positions)
            in_area += int(inside.sum())
            outside = np.flatnonzero(~inside)[: OUTSIDERS - len(outsiders)].tolist()
            outsiders += [positions.users[row] for row in outside]
            notified(len(positions.users))
    finally:
        await client.aclose()
    return Population(in_area, outsiders)
