"""Packed recipients: user ids in at most 4 bytes each, where they lie within 2^32 of one another.

A width byte, the lowest id in 8 bytes, then the sorted ids' differences in `width` bytes each, little endian.
Bounded by the batch; ids further apart than 2^32 cost up to 8 bytes, which no encoding of random 63-bit ids avoids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

_HEADER_BYTES = 9
_WIDTH_MAX = 8
USER_DIGITS = 19
USER_MAX = (1 << 63) - 1


def pack(users: NDArray[np.int64]) -> bytes:
    """Pack distinct, non-negative user ids; empty in, empty out."""
    if users.size == 0:
        return b""
    ordered = np.sort(users)
    gaps = np.diff(ordered)
    width = max(1, (int(gaps.max()).bit_length() + 7) // 8) if gaps.size else 1
    columns = gaps.astype("<u8").view(np.uint8).reshape(-1, _WIDTH_MAX)[:, :width]
    return bytes([width]) + int(ordered[0]).to_bytes(8, "little") + columns.tobytes()


def unpack(packed: bytes) -> NDArray[np.int64]:
    """Return the ids, sorted; ValueError for bytes that `pack` did not write."""
    if not packed:
        return np.empty(0, dtype=np.int64)
    width = packed[0]
    if len(packed) < _HEADER_BYTES or not 1 <= width <= _WIDTH_MAX or (len(packed) - _HEADER_BYTES) % width:
        raise ValueError("not packed recipients")
    first = int.from_bytes(packed[1:_HEADER_BYTES], "little")
    columns = np.frombuffer(packed, dtype=np.uint8, offset=_HEADER_BYTES).reshape(-1, width)
    gaps = np.zeros((columns.shape[0], _WIDTH_MAX), dtype=np.uint8)
    gaps[:, :width] = columns
    users = np.empty(columns.shape[0] + 1, dtype=np.int64)
    users[0] = 0
    np.cumsum(gaps.view("<u8").ravel().astype(np.int64), out=users[1:])
    return users + first


def unpack_readable(rows: Iterable[bytes], unreadable: Callable[[], None]) -> list[NDArray[np.int64]]:
    """Return the ids of each row; `unreadable` is called for one that nobody wrote so, which is left out."""
    users: list[NDArray[np.int64]] = []
    for packed in rows:
        try:
            users.append(unpack(packed))
        except ValueError:
            unreadable()
    return users


def user_ids(recipients: Sequence[bytes]) -> NDArray[np.int64]:
    """Read user ids from decimal bytes; ValueError when one is none: the ledger names all or none."""
    users = np.fromstring(b" ".join(recipients), dtype=np.int64, sep=" ")
    if users.size != len(recipients) or (users.size and users.min() < 0):
        raise ValueError("not user ids")
    if users.size and users.max() == USER_MAX and len(readable_users(recipients)) < len(recipients):
        # What is too large for an id is read as the largest one.
        raise ValueError("not user ids")
    return users


def readable_users(recipients: Sequence[bytes]) -> list[bytes]:
    """Return those that are user ids."""
    return [one for one in recipients if one.isdigit() and len(one) <= USER_DIGITS and int(one) <= USER_MAX]


def not_notified(recipients: list[bytes], notified: NDArray[np.int64]) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return the recipients that are not among `notified` (sorted), in order, and their ids."""
    users = user_ids(recipients)
    if not notified.size or not recipients:
        return recipients, users
    fresh = notified[np.minimum(np.searchsorted(notified, users), notified.size - 1)] != users
    if fresh.all():
        return recipients, users
    return [recipients[row] for row in np.flatnonzero(fresh).tolist()], users[fresh]
