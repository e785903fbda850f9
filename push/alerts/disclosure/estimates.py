"""Estimates as they are shown: rounded, and without what is about fewer people than the threshold.

All that is shown of a number follows from its rounded value: an interval or a time computed from the exact one would
say it after all. Bounded by the estimate.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

import msgspec

from geo.index.sample import SAMPLE_SHARDS_MAX, interval
from geo.index.shards import SHARDS

if TYPE_CHECKING:
    from geo.index.sample import Ages, Count
    from push.alerts.disclosure.people import Disclosure
    from push.alerts.estimate import Estimate, LaneEstimate, RingEstimate

SHARE: Final = SAMPLE_SHARDS_MAX / SHARDS
WIDER: Final = 1.5
"""An interval is shown twice as wide, or four times, once the sample's own is wider by this: the time ran out."""

SHARE_STEP: Final = 0.05
"""To which a share of people is rounded, so that it does not say of how many it is."""


class ShownCount(msgspec.Struct, frozen=True, kw_only=True):
    """An estimated number of people with its 95% interval; all null and `withheld` below the threshold.

    `low` null: it may be fewer than the threshold.
    """

    people: int | None
    low: int | None
    high: int | None
    withheld: bool


class ShownLane(ShownCount, frozen=True, kw_only=True):
    """One lane's people, and how long they take at the configured rate.

    `finish_s` and `margin_s` (to the deadline of 30 minutes, negative when it is missed) are for what is due at once;
    null where no rate is configured, and for fewer people than the threshold.
    """

    rate_per_s: float | None
    finish_s: float | None
    margin_s: float | None


class ShownRing(ShownCount, frozen=True, kw_only=True):
    """What one ring adds to those before it, by lane."""

    ring: int
    lanes: dict[str, ShownCount]


class ShownAges(msgspec.Struct, frozen=True, kw_only=True):
    """How long ago at least `sampled` people last reported: whole hours, and a share from 0 to 1."""

    sampled: int
    median_h: float
    p90_h: float
    older_than_day: float


class ShownEstimate(ShownCount, frozen=True, kw_only=True):
    """People in an area, sampled, with the 95% interval; `positions`: how old their positions are, null of few."""

    rings: list[ShownRing]
    lanes: dict[str, ShownLane]
    positions: ShownAges | None


def shown_estimate(whole: Estimate, rule: Disclosure) -> ShownEstimate:
    """Return an estimate as it is shown."""
    return ShownEstimate(
        **_count(whole, rule),
        rings=[
            ShownRing(
                ring=ring.ring,
                lanes={lane: ShownCount(**_count(one, rule)) for lane, one in ring.lanes.items()},
                **_count(ring, rule),
            )
            for ring in whole.rings
        ],
        lanes={lane: _lane(one, rule) for lane, one in whole.lanes.items()},
        positions=_ages(whole.positions, rule),
    )


def _count(one: Count | Estimate | RingEstimate | LaneEstimate, rule: Disclosure) -> dict[str, Any]:
    people = rule.estimated(one.people)
    if people is None:
        return {"people": None, "low": None, "high": None, "withheld": True}
    usual = interval(max(1, round(people * SHARE)), SHARE)
    own, factor = (one.high - one.low) / max(one.people, 1), 1
    while own > WIDER * factor * (usual.high - usual.low) / usual.people:
        factor *= 2
    step = rule.step(people)
    low = max(0, floor((people - factor * (usual.people - usual.low)) / step) * step)
    high = ceil((people + factor * (usual.high - usual.people)) / step) * step
    # An exercise reaches no more people than are enrolled.
    high = max(people, min(high, ceil(one.high / step) * step))
    return {"people": people, "low": None if rule.is_few(low) else low, "high": high, "withheld": False}


def _lane(one: LaneEstimate, rule: Disclosure) -> ShownLane:
    finish_s = margin_s = None
    if one.rate_per_s is not None and one.finish_s is not None and one.margin_s is not None:
        at_once = rule.estimated(round(one.finish_s * one.rate_per_s))
        if at_once is not None:
            finish_s = round(at_once / one.rate_per_s, 1)
            margin_s = round(one.finish_s + one.margin_s - finish_s, 1)
    return ShownLane(**_count(one, rule), rate_per_s=one.rate_per_s, finish_s=finish_s, margin_s=margin_s)


def _ages(ages: Ages | None, rule: Disclosure) -> ShownAges | None:
    """Return ages of as many people as may be shown, and no closer than what one of them could change."""
    sampled = None if ages is None else rule.floored(ages.sampled)
    if ages is None or sampled is None:
        return None
    return ShownAges(
        sampled=sampled,
        median_h=round(ages.median_h),
        p90_h=round(ages.p90_h),
        older_than_day=round(round(ages.older_than_day / SHARE_STEP) * SHARE_STEP, 2),
    )
