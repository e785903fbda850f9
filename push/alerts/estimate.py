"""Estimates: how many people are in an alert's rings, by lane, and how long each lane takes.

Bounded: 32 of 1024 shards a lane, and the caller's time for everything; no estimate is better than a late alert.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import structlog

from geo.connection import UNAVAILABLE_ERRORS
from geo.index.sample import Ages, Count, Sample, ages_of, sample
from push.message.preferences import read_preferences
from push.notice import Notice, SubjectKind
from runtime.decoding import read_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geo.area import Area
    from geo.index.position_index import PositionIndex
    from push.alerts.rings import Ring

ESTIMATE_WITHIN_S: Final = 0.5
"""How long a case waits for its estimate where the settings say nothing else. Without one its work is cut as small as
for tens of millions of people: of 300 cases that were filed at once, 4% had none within 0.25 s, and three quarters of
all units."""

DAY_MS = 86_400_000

_log = structlog.get_logger("push.alerts.estimate")


class LaneEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """One lane's people with the 95% interval, and how long they take at the configured rate.

    `finish_s` and `margin_s` (to the deadline of 30 minutes, negative when it is missed) are for what is due at once;
    None where no rate is configured.
    """

    people: int
    low: int
    high: int
    rate_per_s: float | None
    finish_s: float | None
    margin_s: float | None


class RingEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What one ring adds to those before it, by lane."""

    ring: int
    people: int
    low: int
    high: int
    lanes: dict[str, Count]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """People in an area, sampled, with the 95% interval; `positions` is how old their positions are."""

    people: int
    low: int
    high: int
    rings: list[RingEstimate]
    lanes: dict[str, LaneEstimate]
    positions: Ages | None

    def up_to(self, ring: int) -> int:
        """Return the people of a ring and all before it."""
        return sum(one.people for one in self.rings if one.ring <= ring)


_ESTIMATE = msgspec.json.Decoder(Estimate)


def read_estimate(text: str | None) -> Estimate | None:
    """Return an estimate that the record holds; None where there is none that can be read."""
    return read_or_none(_ESTIMATE, text)


def at_most(whole: Estimate, people_max: int) -> Estimate:
    """Return an estimate of an audience of which at most `people_max` can be reached, unknown which."""
    left, rings = people_max, []
    for ring in whole.rings:
        lanes = {lane: _bounded(one, left) for lane, one in ring.lanes.items()}
        rings.append(msgspec.structs.replace(_bounded(ring, left), lanes=lanes))
        left -= rings[-1].people
    bounded = {lane: _lane_bounded(one, people_max) for lane, one in whole.lanes.items()}
    return msgspec.structs.replace(_bounded(whole, people_max), rings=rings, lanes=bounded)


def beyond(whole: RingEstimate, nearer: Sequence[RingEstimate]) -> RingEstimate:
    """Return what a ring adds to nearer ones, of which all the people in it were counted."""
    known = [lane for ring in nearer for lane in ring.lanes.items()]
    lanes = {name: _less(one, [count for lane, count in known if lane == name]) for name, one in whole.lanes.items()}
    return msgspec.structs.replace(_less(whole, nearer), lanes=lanes)


def _less(one: Counted, others: Sequence[Counted]) -> Counted:
    people = max(0, one.people - sum(other.people for other in others))
    low = max(0, one.low - sum(other.high for other in others))
    high = max(people, one.high - sum(other.low for other in others))
    return msgspec.structs.replace(one, people=people, low=low, high=high)


def _lane_bounded(one: LaneEstimate, people_max: int) -> LaneEstimate:
    fewer = _bounded(one, people_max)
    if one.finish_s is None or one.margin_s is None or one.rate_per_s is None:
        return fewer
    finish_s = min(one.finish_s, round(people_max / one.rate_per_s, 1))
    return msgspec.structs.replace(fewer, finish_s=finish_s, margin_s=round(one.margin_s + one.finish_s - finish_s, 1))


Counted = TypeVar("Counted", Estimate, RingEstimate, LaneEstimate, Count)


def _bounded(one: Counted, people_max: int) -> Counted:
    people, high = min(one.people, people_max), min(one.high, people_max)
    return msgspec.structs.replace(one, people=people, low=0, high=high)


def seed_of_day(secret: bytes, moment_ms: int) -> int:
    """Return which shards are sampled on the day (UTC) of a moment, which nobody can compute without the secret.

    They are the same for all places and questions of a day: so whatever is asked, however often, says something of
    one user in 32 only, and nobody knows of which.
    """
    day = moment_ms // DAY_MS
    return int.from_bytes(hmac.digest(secret, f"estimates of day {day}".encode(), hashlib.sha256)[:8], "big")


async def estimate(
    index: PositionIndex,
    rings: Sequence[Ring],
    areas: Sequence[Area],
    rates_per_s: Mapping[str, float | None],
    seed: int,
    subject: SubjectKind = SubjectKind.CHILD,
    within_s: float = ESTIMATE_WITHIN_S,
) -> Estimate | None:
    """Sample every lane in the areas of `rings`, in the shards that `seed` chooses.

    None where Redis is away, or does not say it `within_s`. Who wants no alert about such a `subject` is no part of it.
    """
    samples: dict[str, Sample] | None = None
    takes = partial(_takes, subject)
    try:
        # All lanes at once: one after the other they would wait for a busy loop as many times.
        async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
            asked = {
                lane: group.create_task(sample(index, lane, areas, seed, takes), name=f"sample of {lane}")
                for lane in rates_per_s
            }
        samples = {lane: task.result() for lane, task in asked.items()}
    except* (*UNAVAILABLE_ERRORS, TimeoutError) as errors:
        _log.warning("estimate.missing", errors=[type(error).__name__ for error in errors.exceptions])
    if samples is None:
        return None
    total = _sum([one.total for one in samples.values()])
    return Estimate(
        people=total.people,
        low=total.low,
        high=total.high,
        rings=[_ring(ring, {lane: one.added[row] for lane, one in samples.items()}) for row, ring in enumerate(rings)],
        lanes={lane: _lane(one, rings, rates_per_s[lane]) for lane, one in samples.items()},
        positions=ages_of([age for one in samples.values() for age in one.ages_h]),
    )


def _takes(subject: SubjectKind, preferences: bytes) -> bool:
    found = read_preferences(preferences)
    return found is None or found.takes(subject, Notice.ALERT)


def _ring(ring: Ring, lanes: dict[str, Count]) -> RingEstimate:
    total = _sum(list(lanes.values()))
    return RingEstimate(ring=ring.ring, people=total.people, low=total.low, high=total.high, lanes=lanes)


def _lane(one: Sample, rings: Sequence[Ring], rate_per_s: float | None) -> LaneEstimate:
    finish_s = margin_s = None
    if rate_per_s is not None:
        at_once = [row for row, ring in enumerate(rings) if ring.due_at <= rings[0].due_at]
        finish_s = round(sum(one.added[row].people for row in at_once) / rate_per_s, 1)
        margin_s = round((rings[0].deadline - rings[0].due_at).total_seconds() - finish_s, 1)
    total = one.total
    return LaneEstimate(
        people=total.people,
        low=total.low,
        high=total.high,
        rate_per_s=rate_per_s,
        finish_s=finish_s,
        margin_s=margin_s,
    )


def _sum(counts: list[Count]) -> Count:
    """Add counts of different people: their errors are independent, so the distances to the limits add as squares."""
    people = sum(count.people for count in counts)
    below = sum((count.people - count.low) ** 2 for count in counts) ** 0.5
    above = sum((count.high - count.people) ** 2 for count in counts) ** 0.5
    return Count(people, max(0, round(people - below)), round(people + above))


def people_of(sampled: Estimate | None) -> Callable[[str], int | None]:
    """Return how many people each lane has, as far as that is known."""
    lanes = {} if sampled is None else {lane: one.people for lane, one in sampled.lanes.items()}
    return lanes.get
