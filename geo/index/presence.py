"""Look up which users are in a lane now, and where.

Bounded by the caller's users: one round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.connection import asking
from geo.index import keys
from geo.index.calls import MOVED_KEPT_MS
from geo.index.shards import shards_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from geo.connection import Client


async def present(
    client: Client,
    lane: str,
    users: NDArray[np.int64],
    generations: Iterable[int],
    *,
    settled_ms: int | None = None,
) -> NDArray[np.bool_]:
    """Tell for each user whether they are in a lane; with the time `settled_ms`: and were a minute before it."""
    pipe = client.pipeline(transaction=False)
    shards, living = shards_of(users), [*generations]
    rows = [np.flatnonzero(shards == shard) for shard in np.unique(shards)]
    for chosen in rows:
        shard = int(shards[chosen[0]])
        for generation in living:
            pipe.execute_command("ZMSCORE", keys.positions(shard, lane, generation), *users[chosen].tolist())
        if settled_ms is not None:
            pipe.execute_command("ZRANGEBYSCORE", keys.moved(shard), settled_ms - MOVED_KEPT_MS, "+inf")
    async with asking(client):
        replies = iter(await pipe.execute())
    there = np.zeros(users.size, dtype=np.bool_)
    for chosen in rows:
        for _ in living:
            there[chosen] |= np.array([score is not None for score in next(replies)])
        if settled_ms is not None and (moved := next(replies)):
            there[chosen] &= ~np.isin(users[chosen], [int(user) for user in moved])
    return there


async def standing(
    client: Client, lane: str, users: NDArray[np.int64], generations: Iterable[int], now_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return at which geohash each user stands in a lane, -1 for nowhere, and who changed lanes a minute ago."""
    pipe = client.pipeline(transaction=False)
    shards, living = shards_of(users), [*generations]
    order = np.argsort(shards, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(shards[order])) + 1) if users.size else []
    for chosen in rows:
        shard, asked = int(shards[chosen[0]]), users[chosen].tolist()
        for generation in living:
            pipe.execute_command("ZMSCORE", keys.positions(shard, lane, generation), *asked)
        pipe.execute_command("ZRANGEBYSCORE", keys.moved(shard), now_ms - MOVED_KEPT_MS, "+inf")
    places = np.full(users.size, -1, dtype=np.int64)
    moved = np.zeros(users.size, dtype=np.bool_)
    if not rows:
        return places, moved
    async with asking(client):
        replies = iter(await pipe.execute())
    for chosen in rows:
        for _ in living:
            scores = np.array([-1 if score is None else int(float(score)) for score in next(replies)], dtype=np.int64)
            # The newer generation comes last, and has who moved in between.
            places[chosen] = np.where(scores >= 0, scores, places[chosen])
        if movers := next(replies):
            moved[chosen] = np.isin(users[chosen], [int(user) for user in movers])
    return places, moved
