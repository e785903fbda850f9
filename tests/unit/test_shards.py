"""Shards: users are gone through by their shards, a few round trips at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.index.shards import SHARDS, by_shards, shards_of, span_of

USERS_MAX = 50


@given(
    st.lists(st.integers(0, 1 << 62), max_size=400, unique=True),
    st.integers(0, SHARDS - 1),
    st.integers(1, SHARDS),
    st.integers(1, USERS_MAX),
)
def test_each_user_of_the_shards_comes_once_with_all_of_its_shard(
    users: list[int], shard_from: int, width: int, users_max: int
) -> None:
    """In the order of shards, up to the last one; whoever goes on behind a part misses nobody and repeats nobody."""
    shard_to = min(SHARDS, shard_from + width)
    everybody = np.array(users, dtype=np.int64)
    parts = [*by_shards(everybody, shard_from, shard_to, users_max)]
    shards = shards_of(everybody)
    wanted = everybody[(shards >= shard_from) & (shards < shard_to)]
    assert sorted(np.concatenate([part for _, part in parts]).tolist()) == sorted(wanted.tolist())
    assert parts[-1][0] == shard_to - 1
    before = shard_from - 1
    for last, part in parts:
        of_part = shards_of(part)
        assert ((of_part > before) & (of_part <= last)).all()
        assert np.unique(of_part[of_part < last]).size == 0 or (of_part < last).sum() <= users_max
        before = last
    assert len(parts) <= 1 + wanted.size // users_max


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=50))
def test_a_span_goes_from_the_first_shard_of_users_to_the_last(users: list[int]) -> None:
    """None of them is outside, and somebody is at both ends."""
    some = np.array(users, dtype=np.int64)
    shards = shards_of(some)
    assert span_of(some) == (shards.min(), shards.max() + 1)
