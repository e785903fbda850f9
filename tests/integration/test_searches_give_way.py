"""While somebody decides nobody is searched: the estimate of a new case waits for no sweep."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from geo.area import Area, Circle
from geo.index.position_index import TRIP_SHARDS, PositionIndex
from geo.index.shards import SHARDS
from push.fanout.areas import Areas
from push.fanout.candidates import Candidates
from push.fanout.claims.unit import HeldUnit
from push.fanout.precedence import GIVE_WAY_S, GIVE_WAY_UNIT_S, Precedence
from tests.integration.test_claims import add_alert, add_authority
from tests.support.unit_rows import unit_row

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from sql.database import Pool

AREA = Area(Circle(114.0, 22.5, 10.0))


class Counted(Precedence):
    """Counts how often something waited, or gave way."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = self.ways = 0

    async def wait(self) -> None:
        """Wait as usual."""
        self.waits += 1
        await super().wait()

    async def give_way(self, most_s: float = GIVE_WAY_S) -> float:
        """Give way as if first sends were searched all the time, without the wait."""
        self.ways += 1
        return most_s


async def test_no_trip_begins_while_searches_are_held(redis: aioredis.Redis) -> None:
    """Those that are ahead wait as well, each before it asks."""
    index, free, held = PositionIndex(redis, ("tpns",)), asyncio.Event(), list[int]()

    async def hold() -> None:
        held.append(len(held))
        await free.wait()

    async def search() -> list[int]:
        return [one.shard async for one in index.stream("tpns", AREA, range(SHARDS), 2, hold=hold)]

    asked = (await redis.info("commandstats")).get("cmdstat_geosearch", {"calls": 0})["calls"]
    searching = asyncio.create_task(search(), name="searches")
    while len(held) < 2:
        await asyncio.sleep(0)
    assert (await redis.info("commandstats")).get("cmdstat_geosearch", {"calls": 0})["calls"] == asked
    free.set()
    shards = await searching
    assert shards[-1] == SHARDS - 1
    assert len(held) == len(shards) > SHARDS // TRIP_SHARDS - 1


@pytest.mark.parametrize("is_last", [False, True])
async def test_a_unit_gives_way_at_each_trip(pool: Pool, redis: aioredis.Redis, *, is_last: bool) -> None:
    """To those who decide in its own process, and one that comes last to first sends, which it is none of."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    precedence = Counted()
    candidates = Candidates(
        "tpns",
        index=PositionIndex(redis, ("tpns",)),
        areas=Areas(pool),
        pool=pool,
        observe_search_s=lambda _: None,
        report_row=lambda _: None,
        precedence=precedence,
    )
    row = msgspec.structs.replace(
        unit_row(shard_to=SHARDS), alert_id=alert, radius_km=40.0, longitude=114.0, latitude=22.5
    )
    unit = HeldUnit(row, 0.0, 0.0, 3600.0)
    unit.is_last = is_last
    found = [one async for one in candidates.stream(unit, 0)]
    assert precedence.waits == len(found) > 1
    assert precedence.ways == (GIVE_WAY_UNIT_S // GIVE_WAY_S if is_last else 0), "no more than a unit may wait"
