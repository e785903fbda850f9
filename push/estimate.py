"""Estimates: an area flows in, how many people it holds by lane and when each lane would be through flow out.

Bounded: 16 of 1024 shards a lane, `TIMEOUT_S` for all lanes; no estimate is better than a late alert.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import msgspec
import structlog

from geo.index import AWAY
from geo.shards import SHARDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.area import Circle
    from geo.index import PositionIndex

TIMEOUT_S = 0.25

_log = structlog.get_logger("push.estimate")


class LaneEstimate(msgspec.Struct, frozen=True):
    """One lane's people with the half width of the 95% interval, and seconds to reach them at the configured rate."""

    people: int
    margin: int
    finish_s: float | None


class Estimate(msgspec.Struct, frozen=True):
    """People in an area, sampled; `lanes` by name."""

    people: int
    margin: int
    lanes: dict[str, LaneEstimate]


async def estimate(index: PositionIndex, area: Circle, rates_per_s: Mapping[str, float | None]) -> Estimate | None:
    """Sample every lane; None when Redis does not answer in time."""
    lanes: dict[str, LaneEstimate] = {}
    try:
        async with asyncio.timeout(TIMEOUT_S):
            for lane, rate_per_s in rates_per_s.items():
                sample = await index.sample(lane, area, secrets.randbelow(SHARDS))
                finish_s = None if rate_per_s is None else round(sample.people / rate_per_s, 1)
                lanes[lane] = LaneEstimate(sample.people, sample.margin, finish_s)
    except (*AWAY, TimeoutError) as error:
        _log.warning("estimate.missing", error=type(error).__name__)
        return None
    margin = round(sum(lane.margin**2 for lane in lanes.values()) ** 0.5)
    return Estimate(sum(lane.people for lane in lanes.values()), margin, lanes)
