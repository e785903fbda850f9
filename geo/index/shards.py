"""Compute a user's shard, a fixed property of the user: a number below `SHARDS`.

It is the top ten bits of a multiplicative hash (Knuth, TAOCP 6.4; the multiplier is 2^64 over the golden ratio, odd),
never the low bits of the id, which are zero on many platforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SHARDS = 1024
_MULTIPLIER = 0x9E37_79B9_7F4A_7C15
_MASK = (1 << 64) - 1
_SHIFT = 54


def shard_of(user: int) -> int:
    """Return the shard of one user."""
    return ((user * _MULTIPLIER) & _MASK) >> _SHIFT


def shards_of(users: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the shards of many users at once."""
    hashed = users.astype(np.uint64) * np.uint64(_MULTIPLIER)
    return (hashed >> np.uint64(_SHIFT)).astype(np.int64)


def span_of(users: NDArray[np.int64]) -> tuple[int, int]:
    """Return the shards [from, to) from the first to the last that some of these users, at least one, are in."""
    hashed = users.view(np.uint64) * np.uint64(_MULTIPLIER)
    return int(hashed.min()) >> _SHIFT, (int(hashed.max()) >> _SHIFT) + 1


def rows_by_shard(users: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
    """Return the shards that some users are in, in order, each with the places of its users in their order."""
    shards = shards_of(users)
    order = np.argsort(shards, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(shards[order])) + 1) if users.size else []
    return [(int(shards[part[0]]), part) for part in parts]


def by_shards(
    users: NDArray[np.int64], shard_from: int, shard_to: int, users_max: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the users of shards [`shard_from`, `shard_to`), those of a few shards at a time, and the last of these.

    Each time at most `users_max` and the others of the same shard, so that few users in many shards are few times. The
    last time it is the last shard, whoever is in it.
    """
    shards = shards_of(users)
    order = np.argsort(shards, kind="stable")
    low, high = np.searchsorted(shards[order], [shard_from, shard_to]).tolist()
    users, shards = users[order][low:high], shards[order][low:high]
    start = 0
    while start + users_max < users.size:
        last = int(shards[start + users_max])
        end = int(np.searchsorted(shards, last, side="right"))
        yield last, users[start:end]
        start = end
    yield shard_to - 1, users[start:]
