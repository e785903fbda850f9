"""Names of Redis keys, and the generations that make positions expire.

A report belongs to the generation of its time. Two generations live, the present one and the one before; Redis expires
a whole generation at its end, without a scan. So a position is kept for one to two lengths. Every key carries its shard
as hash tag, so that a cluster spreads shards and one script may use all keys of a shard. Bounded: two generations a
lane.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

DAY_MS: Final = 86_400_000
POSITION_DAYS: Final = 7.0
LIVING: Final = 2


class Generations(msgspec.Struct, frozen=True):
    """Periods of `length_ms`, numbered from 1970 on; positions expire generation by generation."""

    length_ms: int = int(POSITION_DAYS * DAY_MS)

    def of(self, at_ms: int) -> int:
        """Return the generation of a moment."""
        return at_ms // self.length_ms

    def living(self, now_ms: int) -> tuple[int, int]:
        """Return the generation before the present one, and the present one."""
        present = self.of(now_ms)
        return present - 1, present

    def oldest_ms(self, now_ms: int) -> int:
        """Return the moment before which reports have already expired."""
        return (self.of(now_ms) - 1) * self.length_ms

    def next_ms(self, now_ms: int) -> int:
        """Return when the generation after the present one begins."""
        return (self.of(now_ms) + 1) * self.length_ms

    def end_ms(self, generation: int) -> int:
        """Return when a generation expires."""
        return (generation + LIVING) * self.length_ms


def generations(kept_days: float) -> Generations:
    """Return generations that keep a position between once and twice `kept_days`."""
    return Generations(int(kept_days * DAY_MS))


def positions(shard: int, lane: str, generation: int) -> str:
    """Sorted set: user by geohash."""
    return f"geo:{{{shard}}}:{lane}:{generation}"


def devices(shard: int, generation: int) -> str:
    """Hash: user to device record (`geo/index/devices.py`)."""
    return f"device:{{{shard}}}:{generation}"


def forgotten(shard: int) -> str:
    """Sorted set: user by the time (ms) at which they were forgotten."""
    return f"forgotten:{{{shard}}}"


def moved(shard: int) -> str:
    """Sorted set: user by the time (ms) at which they changed lanes."""
    return f"moved:{{{shard}}}"


def non_default_locale(shard: int) -> str:
    """Flag: the shard has a user who is reached by account and has a non-default locale."""
    # Redis keeps the older name: running servers set and read this key.
    return f"foreign:{{{shard}}}"


def epoch(shard: int) -> str:
    """String: the mark by which a shard is known (`geo/index/loss/epochs.py`)."""
    return f"epoch:{{{shard}}}"


def written(shard: int) -> str:
    """String: written again and again, to see whether Redis takes writes (`geo/index/loss/writes.py`)."""
    return f"epoch:{{{shard}}}:written"


def preferences(shard: int) -> str:
    """Hash: user to what they prefer (`geo/index/preferences`); of no generation, so that it outlives reports."""
    return f"preference:{{{shard}}}"


_OF_SHARD: Final = re.compile(r"(geo|device|moved|forgotten|epoch|preference):\{(\d{1,4})\}(?::.*)?")
_TYPES: Final = {
    "geo": b"zset",
    "device": b"hash",
    "moved": b"zset",
    "forgotten": b"zset",
    "epoch": b"string",
    "preference": b"hash",
}
_OF_PEOPLE: Final = frozenset({"geo", "device", "preference"})


def type_of(name: str) -> bytes | None:
    """Return the type of a key of a shard as Redis calls it; None for another name, or where any type will do."""
    found = _OF_SHARD.fullmatch(name)
    return None if found is None else _TYPES[found[1]]


def shard_of_people(name: str) -> int | None:
    """Return the shard of a key that holds people, None for any other one."""
    found = _OF_SHARD.fullmatch(name)
    return int(found[2]) if found is not None and found[1] in _OF_PEOPLE else None


FORGETTING: Final = "forgetting"
"""Stream: users as they are forgotten, so that every process removes them from the batches it is about to send."""
