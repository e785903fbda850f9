"""Report positions of the same users as other such processes do at the same time, then print the newest reports.

Arguments: the URL of Redis, the number of the process, seconds, users, the length of a generation in ms. Standard
output: for each user the newest (time in ms, lane, longitude) that this process reported, as little-endian 64-bit
integers.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from geo.connection import connect
from geo.index.keys import Generations
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES = ("tpns", "other")
BATCH = 500


async def main(url: str, number: int, seconds: float, users: int, kept_ms: int) -> None:
    """Report batches of random users with random times, lanes and places, for `seconds`."""
    rng = np.random.default_rng(number)
    client = connect(url)
    index = PositionIndex(client, LANES, Generations(kept_ms))
    newest = np.zeros((users, 3), dtype="<i8")
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        await _move(index, rng, newest, number)
    await client.aclose()
    sys.stdout.buffer.write(newest.tobytes())


async def _move(index: PositionIndex, rng: np.random.Generator, newest: NDArray[np.int64], number: int) -> None:
    chosen = rng.choice(len(newest), BATCH, replace=False)
    lane = int(rng.integers(len(LANES)))
    moment = now_ms()
    oldest = index.generations.oldest_ms(moment) + index.generations.length_ms // 4
    # One process uses even milliseconds, the other odd ones: never the same time for the same user.
    ats = np.maximum(moment - rng.exponential(index.generations.length_ms / 4, BATCH).astype(np.int64), oldest)
    ats = np.minimum(ats // 2 * 2 + number, (moment - 2) // 2 * 2 + number)
    longitudes = rng.integers(-170, 170, BATCH)
    places = longitudes.astype(np.float64).tolist(), [20.0] * BATCH
    await index.record(Positions(LANES[lane], (chosen + 1).tolist(), *places, ats.tolist()))
    newer = ats > newest[chosen, 0]
    rows = np.column_stack([ats, np.full(BATCH, lane), longitudes])
    newest[chosen[newer]] = rows[newer]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])))
