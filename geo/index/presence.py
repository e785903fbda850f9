"""Look up which users are in a lane now, and where.

Bounded by the caller's users: one round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.index import keys
from geo.index.calls import moved_since
from geo.index.checks.pipelines import ask
from geo.index.checks.scores import NOWHERE, geohashes
from geo.index.checks.unreadable import UnreadableKind, unreadable_of
from geo.index.checks.users import readable_users
from geo.index.shards import rows_by_shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geo.connection import Client
    from geo.index.checks.pipelines import Command


async def present(
    client: Client,
    lane: str,
    users: NDArray[np.int64],
    generations: Iterable[int],
    *,
    settled_ms: int | None = None,
) -> NDArray[np.bool_]:
    """Tell for each user whether they are in a lane; with the time `settled_ms`: and were a minute before it."""
    rows, living = rows_by_shard(users), [*generations]
    commands: list[Command] = []
    for shard, chosen in rows:
        commands += [("ZMSCORE", keys.positions(shard, lane, one), *users[chosen].tolist()) for one in living]
        if settled_ms is not None:
            commands.append(moved_since(shard, settled_ms))
    replies = iter(await ask(client, commands))
    there = np.zeros(users.size, dtype=np.bool_)
    for _, chosen in rows:
        for _ in living:
            there[chosen] |= np.array([score is not None for score in next(replies)])
        if settled_ms is not None:
            there[chosen] &= ~_are_among(client, users[chosen], next(replies))
    return there


async def standing(
    client: Client, lane: str, users: NDArray[np.int64], generations: Iterable[int], now_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return at which geohash each user stands in a lane, -1 for nowhere, and who changed lanes a minute ago."""
    rows, living = rows_by_shard(users), [*generations]
    commands: list[Command] = []
    for shard, chosen in rows:
        asked = users[chosen].tolist()
        commands += [("ZMSCORE", keys.positions(shard, lane, one), *asked) for one in living]
        commands.append(moved_since(shard, now_ms))
    places = np.full(users.size, NOWHERE, dtype=np.int64)
    moved = np.zeros(users.size, dtype=np.bool_)
    replies = iter(await ask(client, commands))
    for _, chosen in rows:
        for _ in living:
            hashes, unreadable = geohashes(next(replies))
            unreadable_of(client).report(UnreadableKind.SCORE, unreadable)
            # The newer generation comes last, and has who moved in between.
            places[chosen] = np.where(hashes >= 0, hashes, places[chosen])
        moved[chosen] = _are_among(client, users[chosen], next(replies))
    return places, moved


def _are_among(client: Client, users: NDArray[np.int64], movers: Sequence[bytes]) -> NDArray[np.bool_]:
    """Tell which users changed lanes a moment ago."""
    if not movers:
        return np.zeros(users.size, dtype=np.bool_)
    readable = readable_users(movers)
    unreadable_of(client).report(UnreadableKind.MOVED, len(movers) - len(readable))
    return np.isin(users, np.array([int(user) for user in readable], dtype=np.int64))
