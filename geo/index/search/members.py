"""Write an area's GEOSEARCH commands, and find its members in the replies.

Redis alone searches a circle. A city is searched as boxes; the geohashes in the replies are decoded all at once and
tested against the polygon. Bounded: one to three commands a key.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geo.area import ANTIMERIDIAN, EDGE_KM, INDEX_LATITUDE_MAX, distances_km

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.area import Area, Circle

    Command: TypeAlias = tuple[str | bytes, ...]

GEOHASH_STEP = 26
"""Bits of a geohash for each of longitude and latitude."""

_SPREAD = (
    (1, 0x3333_3333_3333_3333),
    (2, 0x0F0F_0F0F_0F0F_0F0F),
    (4, 0x00FF_00FF_00FF_00FF),
    (8, 0x0000_FFFF_0000_FFFF),
    (16, 0x0000_0000_FFFF_FFFF),
)


def commands(key: str, area: Area) -> list[Command]:
    """Return the searches of one key, for an area that does not leave Redis' grid."""
    return [("GEOSEARCH", key, *rest) for rest in area.searches]


def members(area: Area, replies: Sequence[list[bytes]]) -> list[bytes]:
    """Return the members of an area, each once, from the replies to `commands`."""
    if len(replies) == 1 and area.circle is not None and not area.limits_circle:
        return replies[0]
    remaining = list(replies)
    inside = _in_circle(area, remaining.pop(0)) if area.circle is not None else []
    known: set[bytes] | None = None
    for reply in remaining:
        users, longitudes, latitudes = _read(reply)
        wanted = area.in_city(longitudes, latitudes)
        if area.circle is not None and inside:
            distances = distances_km(area.circle.longitude, area.circle.latitude, longitudes, latitudes)
            wanted &= distances > area.circle.radius_km - EDGE_KM
            # Only a member within a metre of the circle's edge can be in both replies.
            known = set(inside) if known is None and (wanted & _at_edge(area.circle, distances)).any() else known
        chosen = [users[row] for row in np.flatnonzero(wanted).tolist()]
        inside = [*inside, *(user for user in chosen if known is None or user not in known)]
    # Two boxes, one on each side of the antimeridian, overlap a little there.
    return inside if len(remaining) <= 1 else list(dict.fromkeys(inside))


def unique(*parts: list[bytes]) -> list[bytes]:
    """Return the members of several lists, each once: a member may move between two searches."""
    filled = [part for part in parts if part]
    if len(filled) <= 1:
        return filled[0] if filled else []
    return list(dict.fromkeys(chain.from_iterable(filled)))


def _in_circle(area: Area, reply: list[bytes]) -> list[bytes]:
    if not area.limits_circle:
        return reply
    users, longitudes, latitudes = _read(reply)
    permitted = area.permits(longitudes, latitudes)
    return [users[row] for row in np.flatnonzero(permitted).tolist()]


def _at_edge(circle: Circle, distances: NDArray[np.float64]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = distances <= circle.radius_km + EDGE_KM
    return near


def _read(reply: Sequence[object]) -> tuple[list[bytes], NDArray[np.float64], NDArray[np.float64]]:
    rows: Sequence[tuple[bytes, int]] = reply  # type: ignore[assignment] # the reply of WITHHASH
    hashes = np.fromiter((row[1] for row in rows), dtype=np.int64, count=len(rows))
    return [row[0] for row in rows], *places(hashes)


def places(hashes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes (degrees) of 52-bit geohashes: the centres of their cells, as in Redis."""
    bits = hashes.astype(np.uint64)
    steps = float(1 << GEOHASH_STEP)
    longitudes = (_every_second_bit(bits >> np.uint64(1)) + 0.5) / steps * 2 * ANTIMERIDIAN - ANTIMERIDIAN
    latitudes = (_every_second_bit(bits) + 0.5) / steps * 2 * INDEX_LATITUDE_MAX - INDEX_LATITUDE_MAX
    return longitudes, latitudes


def _every_second_bit(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    packed = bits & np.uint64(0x5555_5555_5555_5555)
    for shift, mask in _SPREAD:
        packed = (packed | (packed >> np.uint64(shift))) & np.uint64(mask)
    return packed.astype(np.float64)
