"""The clock of Redis against the record's: an alarm says that they differ."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from geo.index.keys import Generations
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.index_watch import STORE, IndexWatch
from push.stores import EngineStores
from runtime.clock import wall_s
from sql.database import open_pool
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from server.embedded import StoreUrls


@pytest.mark.parametrize("ahead_s", [1200.0, -1200.0])
async def test_a_redis_whose_clock_is_not_the_records_is_an_alarm(
    stores: StoreUrls, redis: aioredis.Redis, ahead_s: float
) -> None:
    """Twenty minutes ahead of the record or behind it, it is said about Redis, and by how much; it ends with it."""
    assert stores.postgres is not None
    pool = await open_pool(stores.postgres)
    engine = EngineStores(stores.postgres, pool, pool, redis, ("tpns",), Generations())
    alarms = AlarmBoard()
    late = LateEntrants(LatePlan(), engine.index, pool, lambda _: None)
    watch = IndexWatch(engine, alarms, late, timedelta(days=14), lambda: None)
    engine.clock.compare(wall_s() - ahead_s)
    watching = asyncio.create_task(watch.run(), name="index watch")

    async def is_said() -> bool:
        return any((one.kind, one.about) == (AlarmKind.CLOCK_DIFFERS, STORE) for one in alarms.standing)

    await until(is_said)
    assert "by 1200.0 s" in alarms.standing[0].detail
    engine.clock.compare(wall_s())

    async def is_over() -> bool:
        return not alarms.standing

    await until(is_over)
    watching.cancel()
    await asyncio.wait({watching})
    assert watching.cancelled()
    await pool.close()
