"""Keys: a shard, a lane and a moment flow in, the names of Redis' keys and when they end flow out.

A report goes to the generation of its time; two generations live, the present and the one before, and Redis forgets a
whole one at its end, without a scan. So a position is kept for one to two lengths. Every key carries its shard as hash
tag, so that a cluster spreads shards and one script may touch all keys of one. Bounded: two generations a lane.
"""

from __future__ import annotations

from typing import Final

import msgspec

DAY_MS: Final = 86_400_000
POSITION_DAYS: Final = 7.0
LIVING: Final = 2


class Generations(msgspec.Struct, frozen=True):
    """Generations of `length_ms`, numbered from 1970 on."""

    length_ms: int = int(POSITION_DAYS * DAY_MS)

    def of(self, at_ms: int) -> int:
        """Return the generation of a moment."""
        return at_ms // self.length_ms

    def living(self, now_ms: int) -> tuple[int, int]:
        """Return the generation before the present one, and the present one."""
        present = self.of(now_ms)
        return present - 1, present

    def oldest_ms(self, now_ms: int) -> int:
        """Return the moment before which reports are forgotten already."""
        return (self.of(now_ms) - 1) * self.length_ms

    def end_ms(self, generation: int) -> int:
        """Return when a generation is forgotten."""
        return (generation + LIVING) * self.length_ms


def generations(kept_days: float) -> Generations:
    """Return generations that keep a position between once and twice `kept_days`."""
    return Generations(int(kept_days * DAY_MS))


def positions(shard: int, lane: str, generation: int) -> str:
    """Sorted set: user by geohash."""
    return f"geo:{{{shard}}}:{lane}:{generation}"


def devices(shard: int, generation: int) -> str:
    """Hash: user to what `scripts/record.lua` writes."""
    return f"device:{{{shard}}}:{generation}"


def forgotten(shard: int) -> str:
    """Sorted set: user by the time (ms) at which they were forgotten."""
    return f"forgotten:{{{shard}}}"


def moved(shard: int) -> str:
    """Sorted set: user by the time (ms) at which they changed lanes."""
    return f"moved:{{{shard}}}"


def foreign(shard: int) -> str:
    """A mark: somebody here is reached by account and reads another language than the usual one."""
    return f"foreign:{{{shard}}}"


FORGETTING: Final = "forgetting"
"""Stream: users as they are forgotten, so that every process drops them from what it is about to send."""
