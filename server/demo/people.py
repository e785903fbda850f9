"""Puts people at positions around real cities into the index, and counts by brute force who is in the area.

Bounded: `CHUNK` people in memory at a time, for any number of people.
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
from geo.index.search.members import GEOHASH_STEP
from server.demo.lanes import TPNS, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from server.demo.scene import Scene

CHUNK = 50_000
FIRST_USER = 10_000_000
ID_STEP = 3
"""Every third id is used, because real ids have gaps too."""

KM_A_DEGREE = 111.2
MEAN_AGE_MS = 6 * 3_600_000
OUTSIDERS = 1000


class Population(msgspec.Struct, frozen=True):
    """The number of people in the area, by brute force, and some users outside of it."""

    in_area: int
    outsiders: list[int]


def lane_of(user: int, lanes: Sequence[str]) -> str:
    """Return the lane of a user: successive users take the lanes in turn."""
    return lanes[(user - FIRST_USER) // ID_STEP % len(lanes)]


def generate(
    people: int, scene: Scene, lanes: Sequence[str] = (TPNS,), seed: int = 2026
) -> Iterator[tuple[Positions, NDArray[np.bool_]]]:
    """Yield chunks of people of one lane, and which of them are in the area (great-circle distance, or the polygon)."""
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
    """Return positions as Redis rounds them (to less than a metre), so that both agree about people at an edge."""
    cells = float(1 << GEOHASH_STEP)
    return (np.floor((degrees + limit) / (2 * limit) * cells) + 0.5) / cells * 2 * limit - limit


async def populate(
    redis_url: str, people: int, scene: Scene, on_progress: Callable[[int], None], lanes: Sequence[str] = (TPNS,)
) -> Population:
    """Put `people` into the index; `on_progress` gets the number of each chunk."""
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
            on_progress(len(positions.users))
    finally:
        await client.aclose()
    return Population(in_area, outsiders)
