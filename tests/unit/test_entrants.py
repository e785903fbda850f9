"""What late entrants are held against, without stores: live areas, and rows of the ledger."""

from __future__ import annotations

from uuid import uuid4

import numpy as np

from geo.area import Area, Circle
from geo.index.position_index import NOT_KNOWN, UNCHANGED
from geo.index.reports import Positions
from push.fanout.claims.unit import Batch
from push.fanout.entrants.live_areas import LiveAreas
from push.fanout.entrants.notified import stand_in
from push.fanout.entrants.room import ENTRIES_MAX, PER_S, USERS_MAX, Room
from push.fanout.entrants.unit import GATHER_S, EntrantsUnit
from sql.entrants import Entrant
from tests.support.unit_rows import unit_row

HERE, THERE = (114.0, 22.0), (10.0, 50.0)


async def test_alerts_with_the_same_area_are_entered_together() -> None:
    """A new user enters all of them, one whose report changed nothing enters none; and what ended is not watched."""
    live = LiveAreas()
    alerts = [uuid4() for _ in range(3)]
    areas = [Area(Circle(*HERE, 100.0)), Area(Circle(*HERE, 100.0)), Area(Circle(*THERE, 100.0))]
    await live.watch(dict(zip(alerts, areas, strict=True)))
    positions = Positions("tpns", [1, 2], [HERE[0]] * 2, [HERE[1]] * 2, [0, 0])
    entered = live.entered(positions, np.array([NOT_KNOWN, UNCHANGED]))
    assert {alert: users.tolist() for alert, users in entered} == {alerts[0]: [1], alerts[1]: [1]}
    await live.watch({alerts[2]: areas[2]})
    assert live.entered(positions, np.array([NOT_KNOWN, NOT_KNOWN])) == []
    await live.watch({})
    assert not live


def test_users_are_found_in_whichever_row_they_stand() -> None:
    """The same as a search through all of them; empty rows hold nobody."""
    rng = np.random.default_rng(2)
    rows = [np.sort(rng.choice(1000, size, replace=False)).astype(np.int64) for size in (0, 1, 7, 100)]
    users = np.arange(1000, dtype=np.int64)
    for row in rows:
        assert (stand_in(users, row) == np.isin(users, row)).all()


def test_who_enters_while_a_batch_is_on_its_way_shares_the_next_one() -> None:
    """Until that is settled, or has been under way for too long: a provider that does not answer holds nobody up."""
    row = unit_row(shard_to=1024, entrants=True)
    settled: list[bool] = []
    unit = EntrantsUnit(row, 0.0, 0.0, 60.0, silent=False, changed=lambda: settled.append(True))
    assert not unit.gathers(10.0)
    batch = Batch(unit, [b"7"], np.array([7], dtype=np.int64))
    unit.begin(batch, [Entrant(1, row.alert_id, 7)], 10.0)
    assert unit.gathers(10.0)
    assert not unit.gathers(10.0 + GATHER_S)
    unit.remove(batch)
    assert settled == [True]
    assert not unit.gathers(10.0)


def test_users_who_enter_many_alerts_are_noted_beyond_the_bound_of_those_who_enter_one() -> None:
    """As many as are worked through while a pass would wait; one alert's users have the bound of a pass."""
    many, single = Room(), Room()
    taken = sum(many.take(100, 10_000, 1.0) for _ in range(50))
    assert taken == ENTRIES_MAX // 10_000
    assert not single.take(USERS_MAX + 1, USERS_MAX + 1, 1.0)
    assert single.take(USERS_MAX, USERS_MAX, 1.0)
    for room in (many, single):
        assert not room.take(1, 1, 1.0)
        assert room.take(PER_S, PER_S, 2.0)
        assert not room.take(1, 1, 2.0)
