"""What a request of reports costs follows its reports, however many alerts live where they are."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Final
from uuid import UUID

from geo.area import Area, Circle
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.fanout.entrants.live_areas import ALERTS_MAX

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from sql.database import Pool

SHENZHEN: Final = (114.0, 22.5)
REPORTS: Final = 10_000
ENTRY_BYTES: Final = 8


async def test_entries_that_are_too_many_to_note_are_not_counted_out(pool: Pool, redis: aioredis.Redis) -> None:
    """Ten million entries of a thousand alerts are left to passes: nobody makes a list of them before that is known."""
    late = LateEntrants(LatePlan(), PositionIndex(redis, ("tpns",)), pool, lambda _: None)
    await late.request_passes()
    await late.live.watch({UUID(int=number): Area(Circle(*SHENZHEN, 10.0)) for number in range(ALERTS_MAX)})
    users = [*range(1, REPORTS + 1)]
    positions = Positions("tpns", users, [SHENZHEN[0]] * REPORTS, [SHENZHEN[1]] * REPORTS, [1] * REPORTS)
    tracemalloc.start()
    try:
        await late.record(positions)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (late.noted, late.unnoted) == (0, REPORTS * ALERTS_MAX)
    assert peak < late.unnoted * ENTRY_BYTES / 2
