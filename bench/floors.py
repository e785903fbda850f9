"""Floors: the cheapest thing that could do the same work, measured in the same run.

Pre-encoded commands are sent to Redis on one socket, and its replies are discarded. Bounded by the commands given; a
sentinel marks the last reply.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from geo.index import keys
from geo.index.keys import Generations
from geo.index.reports import now_ms
from geo.index.search.members import commands
from geo.index.shards import SHARDS, shard_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.area import Area
    from geo.index.reports import Positions

SENTINEL = b"qq-alert-floor-sentinel"
CHUNK = 1 << 20


def raw_seconds(redis_url: str, commands: bytes) -> float:
    """Send all commands at once and read to the last reply; returns the seconds that this took."""
    everything = commands + encode("ECHO", SENTINEL)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(redis_url.removeprefix("unix://"))
        started_s = time.perf_counter()
        connection.setblocking(False)  # noqa: FBT003 - socket's own signature
        sent, tail = 0, b""
        while not tail.endswith(SENTINEL + b"\r\n"):
            if sent < len(everything):
                with contextlib.suppress(BlockingIOError):
                    sent += connection.send(memoryview(everything)[sent : sent + CHUNK])
            else:
                connection.setblocking(True)  # noqa: FBT003 - as above
            try:
                received = connection.recv(CHUNK)
            except BlockingIOError:
                continue
            tail = (tail + received[-64:])[-64:]
        return time.perf_counter() - started_s


def encode(*parts: str | bytes | float) -> bytes:
    """Return one command in Redis' protocol."""
    encoded = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join([b"*%d\r\n" % len(encoded), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in encoded)])


def searches(lane: str, areas: Sequence[Area]) -> bytes:
    """Return the encoded searches that sweeps of these areas make over all shards, one area after the other."""
    living = Generations().living(now_ms())
    return b"".join(
        encode(*search)
        for area in areas
        for shard in range(SHARDS)
        for one in living
        for search in commands(keys.positions(shard, lane, one), area)
    )


def geoadds(positions: Positions) -> bytes:
    """Return one encoded GEOADD for each report."""
    rows = zip(positions.users, positions.longitudes, positions.latitudes, strict=True)
    present = Generations().of(now_ms())
    return b"".join(
        encode("GEOADD", keys.positions(shard_of(user), positions.lane, present), lon, lat, user)
        for user, lon, lat in rows
    )
