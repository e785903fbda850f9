"""Compute a user's shard, a fixed property of the user: a number below `SHARDS`.

It is the top ten bits of a multiplicative hash (Knuth, TAOCP 6.4; the multiplier is 2^64 over the golden ratio, odd),
never the low bits of the id, which are zero on many platforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
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
