"""Split position reports into the arguments of one script call for each shard and generation.

The device record keeps how a lane reaches a user (locale, device token), unless the user's id and the default locale
suffice. Bounded: `scripts.USERS_A_CALL` users a call. A report is never newer than its receipt.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from geo.index.scripts import USERS_A_CALL
from geo.index.shards import shards_of
from runtime.clock import wall_s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geo.index.keys import Generations

    Part: TypeAlias = tuple[int, int, list[str], list[bytes]]


class Positions(msgspec.Struct, frozen=True):
    """Position reports of one lane: parallel columns; degrees in WGS-84, milliseconds since 1970; each user once.

    `addresses` are results of `geo.index.devices.address`; empty when no user has one.
    """

    lane: str
    users: list[int]
    longitudes: list[float]
    latitudes: list[float]
    ats_ms: list[int]
    addresses: list[bytes] = []


def now_ms() -> int:
    """Return the present moment in milliseconds since 1970."""
    return int(wall_s() * 1000)


def by_shard(
    positions: Positions, generations: Generations, moment_ms: int
) -> tuple[NDArray[np.int64], Iterator[Part]]:
    """Return in which order the reports are called, and what each call takes.

    That is (shard, generation, [user, time, longitude, latitude, user, ...] as text, addresses).
    """
    users = np.array(positions.users, dtype=np.int64)
    ats = np.minimum(np.array(positions.ats_ms, dtype=np.int64), moment_ms)
    shards, ages = shards_of(users), ats // generations.length_ms
    order = np.lexsort((ages, shards))
    return order, _parts(positions, users, ats, order, shards[order], ages[order])


def _parts(
    positions: Positions,
    users: NDArray[np.int64],
    ats: NDArray[np.int64],
    order: NDArray[np.int64],
    shards: NDArray[np.int64],
    ages: NDArray[np.int64],
) -> Iterator[Part]:
    columns: list[list[Any]] = [
        column[order].tolist() for column in (users, ats, np.array(positions.longitudes), np.array(positions.latitudes))
    ]
    # Encoded all at once, with the same result as the client's for each number.
    text = msgspec.json.encode(list(chain.from_iterable(zip(*columns, strict=True)))).decode()[1:-1].split(",")
    addresses = [positions.addresses[row] for row in order.tolist()] if positions.addresses else []
    edges = np.flatnonzero((np.diff(shards) != 0) | (np.diff(ages) != 0)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(order)], strict=True):
        for begin in range(start, end, USERS_A_CALL):
            stop = min(end, begin + USERS_A_CALL)
            yield int(shards[start]), int(ages[start]), text[4 * begin : 4 * stop], addresses[begin:stop]
