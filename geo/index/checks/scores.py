"""Read scores of sorted sets: geohashes, and moments; any number may stand there, and infinity.

Bounded by the caller's replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GEOHASH_MAX: Final = (1 << 54) - 1
"""52 bits, and one more each for a longitude of exactly 180 degrees and the northernmost latitude."""

NOWHERE: Final = -1


def geohashes(scores: Sequence[object]) -> tuple[NDArray[np.int64], int]:
    """Return geohashes, `NOWHERE` for what is none, and how many scores were there and none."""
    numbers = np.array([np.nan if one is None else _number(one) for one in scores], dtype=np.float64)
    absent = sum(one is None for one in scores)
    is_geohash = (numbers >= 0) & (numbers <= GEOHASH_MAX)
    found = np.where(is_geohash, numbers, NOWHERE).astype(np.int64)
    return found, len(scores) - absent - int(is_geohash.sum())


def _number(score: object) -> float:
    try:
        return float(score)  # type: ignore[arg-type] # text or a number, by the protocol
    except (TypeError, ValueError):
        return float("nan")
