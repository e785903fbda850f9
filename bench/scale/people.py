"""Fills the index with tens of millions of people around one place, as fast as Redis takes them.

What the script of a report writes is written here as plain commands of fixed width, a thousand people each, made by
numpy. Bounded: `CHUNK` people in memory at a time; `PEOPLE_MAX`, so that all ids have nine digits.
"""

from __future__ import annotations

import socket
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.floors import encode
from geo.area import ANTIMERIDIAN, INDEX_LATITUDE_MAX
from geo.index import keys
from geo.index.keys import Generations
from geo.index.reports import now_ms
from geo.index.search.members import GEOHASH_STEP, places
from geo.index.shards import shards_of
from server.demo.lanes import TPNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geo.area import Area

FIRST_USER: Final = 100_000_000
ID_STEP: Final = 3
USER_DIGITS: Final = 9
PEOPLE_MAX: Final = (10**USER_DIGITS - FIRST_USER) // ID_STEP
SCORE_DIGITS: Final = 16
"""A geohash of 52 bits has at most 16; Redis reads zeros before it."""

CHUNK: Final = 2_000_000
PEOPLE_A_COMMAND: Final = 1000
SPREAD_DEGREES: Final = 0.25
"""One standard deviation: of millions a few live more than 120 km away."""

REPLY_BYTES: Final = 1 << 16
SENTINEL: Final = b"qq-alert-filled"
_SPREAD: Final = (
    (16, 0x0000_FFFF_0000_FFFF),
    (8, 0x00FF_00FF_00FF_00FF),
    (4, 0x0F0F_0F0F_0F0F_0F0F),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
)


def fill(redis_url: str, people: int, area: Area, on_progress: Callable[[int], None], seed: int = 2026) -> int:
    """Put `people` around the middle of an area's circle into the index; returns how many of them are in the area."""
    if people > PEOPLE_MAX or area.circle is None:
        raise ValueError("at most PEOPLE_MAX people, around the middle of a circle")
    rng = np.random.default_rng(seed)
    inside = 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(redis_url.removeprefix("unix://"))
        for start in range(0, people, CHUNK):
            users = FIRST_USER + ID_STEP * np.arange(start, min(people, start + CHUNK))
            east, north = rng.normal(0, SPREAD_DEGREES, (2, users.size))
            hashes = geohashes(area.circle.longitude + east, area.circle.latitude + north)
            inside += int(area.contains(*places(hashes)).sum())
            connection.sendall(_commands(users, hashes) + encode("ECHO", SENTINEL))
            _read_replies(connection)
            on_progress(users.size)
    return inside


def geohashes(longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the 52-bit geohashes of positions (degrees), as Redis computes them."""
    steps = float(1 << GEOHASH_STEP)
    columns = ((longitudes + ANTIMERIDIAN) / (2 * ANTIMERIDIAN) * steps).astype(np.uint64)
    rows = ((latitudes + INDEX_LATITUDE_MAX) / (2 * INDEX_LATITUDE_MAX) * steps).astype(np.uint64)
    interleaved: NDArray[np.uint64] = (_spread(columns) << np.uint64(1)) | _spread(rows)
    return interleaved.astype(np.int64)


def _spread(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number with a zero before every bit."""
    for shift, mask in _SPREAD:
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits


def _commands(users: NDArray[np.int64], hashes: NDArray[np.int64]) -> bytes:
    """Return one ZADD and one HSET for every thousand people of a shard."""
    moment_ms = now_ms()
    generation = Generations().of(moment_ms)
    record = moment_ms.to_bytes(6, "big") + TPNS.encode()
    order = np.argsort(shards_of(users), kind="stable")
    users, hashes = users[order], hashes[order]
    digits = _text(users, USER_DIGITS)
    positions = np.concatenate([_text(hashes, SCORE_DIGITS), digits], axis=1)
    devices = np.concatenate([digits, _constant(encode(record)[4:], users.size)], axis=1)
    shards = shards_of(users)
    edges = [0, *(np.flatnonzero(np.diff(shards)) + 1).tolist(), users.size]
    parts: list[bytes] = []
    for low, high in pairwise(edges):
        shard = int(shards[low])
        for start in range(low, high, PEOPLE_A_COMMAND):
            rows = slice(start, min(high, start + PEOPLE_A_COMMAND))
            number = 2 + 2 * (rows.stop - start)
            head = b"*%d\r\n" % number
            parts += [head, encode("ZADD", keys.positions(shard, TPNS, generation))[4:], positions[rows].tobytes()]
            parts += [head, encode("HSET", keys.devices(shard, generation))[4:], devices[rows].tobytes()]
    return b"".join(parts)


def _text(numbers: NDArray[np.int64], digits: int) -> NDArray[np.uint8]:
    """Return each number as a string of Redis' protocol, with zeros before it."""
    head = b"$%d\r\n" % digits
    powers = 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
    written = (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return np.concatenate([_constant(head, numbers.size), written, _constant(b"\r\n", numbers.size)], axis=1)


def _constant(text: bytes, rows: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(text, dtype=np.uint8), (rows, len(text)))


def _read_replies(connection: socket.socket) -> None:
    tail = b""
    while not tail.endswith(SENTINEL + b"\r\n"):
        received = connection.recv(REPLY_BYTES)
        if not received:
            raise ConnectionError("Redis closed the connection")
        tail = (tail + received)[-64:]
