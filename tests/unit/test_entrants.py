"""What late entrants are held against, without stores: live areas, and rows of the ledger."""

from __future__ import annotations

from uuid import uuid4

import numpy as np

from geo.area import Area, Circle
from geo.index.position_index import NOT_KNOWN, UNCHANGED
from geo.index.reports import Positions
from push.fanout.entrants.live_areas import LiveAreas
from push.fanout.entrants.notified import among

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
    assert (among(users, rows) == np.isin(users, np.concatenate(rows))).all()
    assert not among(users, []).any()
