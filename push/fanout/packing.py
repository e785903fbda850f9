"""Packed recipients: user ids in at most 4 bytes each, where they lie within 2^32 of one another.

A width byte, the lowest id in 8 bytes, then the sorted ids' differences in `width` bytes each, little endian.
Bounded by the batch; ids further apart than 2^32 cost up to 8 bytes, which no encoding of random 63-bit ids avoids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

_HEADER_BYTES = 9
_WIDTH_MAX = 8


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


def not_notified(
    recipients: list[bytes], users: NDArray[np.int64], notified: NDArray[np.int64]
) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return the recipients, whose ids are `users`, that are not among `notified` (sorted), in order, and their ids."""
    if not notified.size or not recipients:
        return recipients, users
    fresh = notified[np.minimum(np.searchsorted(notified, users), notified.size - 1)] != users
    if fresh.all():
        return recipients, users
    return [recipients[row] for row in np.flatnonzero(fresh).tolist()], users[fresh]
