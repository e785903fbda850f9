"""Packed recipients can be unpacked, and take at most four bytes each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.index.checks.users import user_ids
from geo.index.shards import SHARDS, shard_of, shards_of
from push.fanout.packing import not_notified, pack, unpack

users = st.lists(st.integers(0, (1 << 63) - 1), unique=True, max_size=300)


@given(users)
def test_packed_ids_are_unpacked_to_the_same(ids: list[int]) -> None:
    """Unpacking returns the same ids, sorted, for any ids below 2^63."""
    assert unpack(pack(np.array(ids, dtype=np.int64))).tolist() == sorted(ids)


@given(st.lists(st.integers(1 << 33, (1 << 33) + (1 << 32) - 1), unique=True, min_size=10, max_size=1000))
def test_ids_within_two_to_the_32_cost_at_most_four_bytes_and_a_header(ids: list[int]) -> None:
    """Nine bytes of header for a batch, then at most four bytes a recipient."""
    assert len(pack(np.array(ids, dtype=np.int64))) <= 9 + 4 * len(ids)


@given(users, st.data())
def test_not_notified_leaves_out_exactly_those_notified(ids: list[int], data: st.DataObject) -> None:
    """The difference keeps the order and loses nobody."""
    notified = [user for user in ids if data.draw(st.booleans())]
    found, known = np.array(ids, dtype=np.int64), np.array(sorted(notified), dtype=np.int64)
    rest, users = not_notified([str(user).encode() for user in ids], found, known)
    assert [int(user) for user in rest] == users.tolist()
    assert [int(user) for user in rest] == [user for user in ids if user not in set(notified)]


@pytest.mark.parametrize("bytes_", [b"\x00" * 9, b"\x09" + b"\x00" * 8, b"\x02" + b"\x00" * 9, b"\x01"])
def test_bytes_that_were_never_packed_are_refused(bytes_: bytes) -> None:
    """A damaged ledger row is an error, not a wrong list of people."""
    with pytest.raises(ValueError, match="not packed"):
        unpack(bytes_)


@given(st.lists(st.integers(1, (1 << 63) - 1), min_size=1, max_size=50))
def test_shard_of_one_user_and_of_many_agree(ids: list[int]) -> None:
    """The vectorised hash equals the plain one, and is below 1024."""
    many = shards_of(np.array(ids, dtype=np.int64)).tolist()
    assert many == [shard_of(user) for user in ids]
    assert all(0 <= shard < SHARDS for shard in many)


def test_ids_with_zeros_in_their_low_bits_spread_over_all_shards() -> None:
    """Multiples of 4096 fill the shards as evenly as random ids."""
    counts = np.bincount(shards_of(np.arange(1, 200_001, dtype=np.int64) * 4096), minlength=SHARDS)
    assert counts.min() > 120
    assert counts.max() < 280


@pytest.mark.parametrize("recipients", [[b"1", b"x"], [b"", b"2"], [b"1", b"2 3"]], ids=str)
def test_a_member_that_is_no_user_id_is_refused(recipients: list[bytes]) -> None:
    """A foreign member in the index is an error, not a ledger row for other users."""
    with pytest.raises(ValueError, match=r"not user ids|could not be read"):
        user_ids(recipients)
