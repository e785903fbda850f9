"""The areas of live alerts are made once, however many there are, and the grid only when one of them is another one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shapely.geometry import MultiPolygon, box

import sql.progress
from geo.area import Area, Circle
from geo.grid import Grid
from geo.index.position_index import PositionIndex
from geo.polygon import dump, load
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from push.alerts.places import outermost
from push.alerts.watch import watched_areas
from push.alerts.watch.unreadable_parts import UnreadableParts
from push.alerts.watch.watched_areas import RING_AHEAD, WatchedAreas
from push.fanout.areas import Areas
from push.fanout.entrants.late_entrants import LateEntrants, LatePlan
from push.fanout.entrants.live_areas import LiveAreas
from tests.integration.test_claims import add_alert, add_authority

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pytest
    from redis import asyncio as aioredis

    from sql.database import Pool
    from sql.rings import RingRow

ALERTS: Final = 105
PLACES: Final = 20
"""As many as a case may have: together more rings than were kept before."""

SHENZHEN: Final = Circle(114.0, 22.5, 10.0)
AROUND_PLACES: Final = """
insert into ring (alert_id, ring, radius_km, city, due_at, deadline, decided_by, reason, longitude, latitude)
select a.id, place, 1, false, r.due_at, r.deadline, 'policy', '', 100 + place / 10.0, 20 + a.case_id / 10.0
from alert a join ring r on r.alert_id = a.id cross join generate_series(2, $1) place
"""


class Counted:
    """Counts what is made while a test runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.areas = self.grids = 0
        make_area, make_grid = Area.__init__, Grid.__init__

        def area(made: Area, *parts: Circle | MultiPolygon | None) -> None:
            self.areas += 1
            make_area(made, *parts)  # type: ignore[arg-type]

        def grid(made: Grid, areas: Sequence[Area]) -> None:
            self.grids += 1
            make_grid(made, areas)

        monkeypatch.setattr(Area, "__init__", area)
        monkeypatch.setattr(Grid, "__init__", grid)


def _watched(pool: Pool, redis: aioredis.Redis, alarms: AlarmBoard) -> tuple[WatchedAreas, LiveAreas]:
    entrants = LateEntrants(LatePlan(), PositionIndex(redis, ("tpns",)), pool, lambda _: None)
    return WatchedAreas(pool, entrants, Areas(pool), UnreadableParts(alarms)), entrants.live


async def test_no_tick_makes_an_area_anew_however_many_rings_live(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,100 rings of 105 alerts: all are made at the first look, one when one is added, and none at any other."""
    await add_authority(pool)
    alerts = [await add_alert(pool, f"N{number}", due_in_min=30, rings=(1,), units=1) for number in range(ALERTS)]
    await pool.execute(AROUND_PLACES, PLACES)
    watched, live = _watched(pool, redis, AlarmBoard())
    made = Counted(monkeypatch)
    listed = await sql.progress.listed(pool, alerts)
    await watched.watch(listed)
    assert len(live) == ALERTS
    assert (made.areas, made.grids) == (ALERTS * PLACES, 1)
    for _ in range(2):
        await watched.watch(await sql.progress.listed(pool, alerts))
    assert (made.areas, made.grids) == (ALERTS * PLACES, 1)
    await pool.execute("update ring set radius_km = 2 where alert_id = $1 and ring = $2", alerts[0], PLACES)
    await watched.watch(await sql.progress.listed(pool, alerts))
    assert (made.areas, made.grids) == (ALERTS * PLACES + 1, 2)


async def test_areas_that_were_read_again_are_the_same_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    """By circle, city and jurisdiction: no grid is made for them; another jurisdiction makes another area."""

    def read(jurisdiction: MultiPolygon | None = None) -> Area:
        return Area(SHENZHEN, MultiPolygon([box(113.8, 22.3, 114.2, 22.7)]), jurisdiction)

    half, other = (MultiPolygon([box(113.0, 22.0, east, 23.0)]) for east in (114.0, 114.1))
    assert read() == read()
    assert hash(read(half)) == hash(read(half))
    assert read(half) == read(load(dump(half)))
    assert len({read(), read(half), read(other), read(half), Area(SHENZHEN)}) == 4
    made, live, alerts = Counted(monkeypatch), LiveAreas(), (UUID(int=1), UUID(int=2))
    for _ in range(3):
        await live.watch({alert: [read(half)] for alert in alerts})
    assert made.grids == 2, "one of nothing, and one of these"
    await live.watch({alerts[0]: [read(other)], alerts[1]: [read(half)]})
    assert made.grids == 3


async def test_an_alert_that_cannot_be_read_is_left_out_until_it_can_be(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an alarm about it, which ends with that; it is not read at every look, and others are watched all along."""
    await add_authority(pool)
    alerts = [await add_alert(pool, number, due_in_min=30, rings=(1,), units=1) for number in ("A", "B")]
    await pool.execute("update alert set jurisdiction = 'damaged' where id = $1", alerts[0])
    alarms = AlarmBoard()
    watched, live = _watched(pool, redis, alarms)
    listed = await sql.progress.listed(pool, alerts)
    for _ in range(2):
        await watched.watch(listed)
        assert len(live) == 1
    assert [(one.kind, one.alert) for one in alarms.standing] == [(AlarmKind.UNREADABLE_DATA, str(alerts[0]))]
    await pool.execute("update alert set jurisdiction = null where id = $1", alerts[0])
    await watched.watch(listed)
    assert len(live) == 1, "it is read again only after a while"
    monkeypatch.setattr("push.alerts.watch.watched_areas.AGAIN_S", 0.0)
    await pool.execute("update alert set jurisdiction = 'damaged', area_version = 2 where id = $1", alerts[0])
    await watched.watch(await sql.progress.listed(pool, alerts))
    await pool.execute("update alert set jurisdiction = null where id = $1", alerts[0])
    await watched.watch(await sql.progress.listed(pool, alerts))
    assert len(live) == 2
    assert alarms.standing == []


async def test_an_alert_that_rests_is_looked_at_again_when_another_ring_of_it_comes_due(
    pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or once it was read again; and at no tick between."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    later = "update ring set due_at = clock_timestamp() + $1 + interval '1 hour' where ring = 2"
    await pool.execute(later, RING_AHEAD)
    looks = list[int]()

    def counted(rings: list[RingRow]) -> list[RingRow]:
        looks.append(len(rings))
        return outermost(rings)

    monkeypatch.setattr(watched_areas, "outermost", counted)
    watched, live = _watched(pool, redis, AlarmBoard())
    listed = await sql.progress.listed(pool, [alert])
    for _ in range(2):
        await watched.watch(listed)
        assert (len(live), looks) == (1, [1])
    record_time = sql.progress.record_time

    async def an_hour_later(asked: Pool) -> datetime:
        return await record_time(asked) + timedelta(hours=1)

    monkeypatch.setattr(sql.progress, "record_time", an_hour_later)
    for _ in range(2):
        await watched.watch(listed)
        assert (len(live), looks) == (1, [1, 2])
    await watched.watch(await sql.progress.listed(pool, [alert]))
    assert looks == [1, 2, 2]
