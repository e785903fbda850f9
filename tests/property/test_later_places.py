"""Areas around several places: exactly the union of their rings within the jurisdiction, however these are planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box

from geo.area import distances_km
from geo.index.position_index import NOT_KNOWN, PositionIndex
from geo.index.reports import Positions, now_ms
from geo.index.sample import _united
from geo.index.shards import shard_of
from push.alerts.places import Centre, added, around, at, begins, outermost, reaching, with_earlier
from push.alerts.rings import QQ, TUANYUAN, Policy, Ring, RingPlan, rings_of
from push.fanout.areas import Place
from push.fanout.entrants.live_areas import LiveAreas
from sql.rings import RingRow

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from redis import asyncio as aioredis

PEOPLE: Final = 300
USERS: Final = np.array([user for user in range(1, PEOPLE * 1100) if shard_of(user) == 0][:PEOPLE], dtype=np.int64)
NOW: Final = datetime(2026, 11, 29, 12, tzinfo=UTC)
ALERT: Final = UUID(int=1)
EDGE_KM: Final = 0.002
EDGE_DEGREES: Final = 2e-5
SMALL: Final = Policy(rings=[RingPlan(radius_km=5), RingPlan(radius_km=40, after_h=1)], since="last_seen")

CENTRES: Final = st.builds(
    Centre,
    st.floats(113.0, 116.0, allow_nan=False).map(lambda x: round(x, 4)),
    st.floats(21.5, 24.0).map(lambda y: round(y, 4)),
)


def _row(ring: Ring, *, held: bool = False) -> RingRow:
    fields = {name: getattr(ring, name) for name in Ring.__struct_fields__}
    return RingRow(**fields, held="audience cap" if held else None)


def _planned(
    policy: Policy, place: Centre, later: list[tuple[Centre, int]], reach_km: float
) -> tuple[list[RingRow], list[Ring]]:
    """Return an alert's rings after some places came, and all rings that these would have without what was known."""
    whole = rings_of(policy, received_at=NOW, last_seen_at=NOW, has_place=True, has_city=False)
    rows, wanted = [_row(ring) for ring in whole], [*whole]
    for centre, minutes in later:
        now = begins(rows, NOW + timedelta(minutes=minutes))
        rings = rings_of(policy, received_at=now, last_seen_at=now, has_place=True, has_city=False)
        own = at(around(reaching(rings, reach_km, 500.0), centre), now)
        wanted += own
        rows += [_row(ring) for ring in added(own, rows, place)]
    return rows, wanted


def _inside(
    rings: list[RingRow] | list[Ring],
    place: Centre,
    limit: MultiPolygon | None,
    positions: tuple[NDArray[np.float64], NDArray[np.float64]],
    slack: float,
) -> NDArray[np.bool_]:
    """Tell by brute force who stands in any of the rings, each wider by `slack` edges."""
    inside = np.zeros(positions[0].size, dtype=np.bool_)
    for ring in rings:
        centre = place if ring.longitude is None or ring.latitude is None else Centre(ring.longitude, ring.latitude)
        away_km = distances_km(centre.longitude, centre.latitude, *positions)
        inside |= away_km <= (ring.radius_km or 0) + slack * EDGE_KM
    if limit is not None:
        inside &= shapely.contains_xy(shapely.buffer(limit, slack * EDGE_DEGREES), *positions)
    return inside


def _people(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return rng.uniform(111.5, 117.5, PEOPLE), rng.uniform(20.5, 25.0, PEOPLE)


PLANS: Final = st.tuples(
    st.sampled_from([QQ, TUANYUAN, SMALL]),
    CENTRES,
    st.lists(st.tuples(CENTRES, st.integers(0, 400)), max_size=4),
    st.sampled_from([0.0, 25.0, 180.0]),
)
LIMITS: Final = st.sampled_from([None, MultiPolygon([box(113.5, 21.8, 115.2, 23.4), box(115.6, 22.0, 116.4, 24.2)])])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLANS, limit=LIMITS, seed=st.integers(0, 2**31))
async def test_the_rings_of_all_places_find_exactly_the_union(
    redis: aioredis.Redis,
    plan: tuple[Policy, Centre, list[tuple[Centre, int]], float],
    limit: MultiPolygon | None,
    seed: int,
) -> None:
    """Rings left out as covered take nobody away; the outermost alone are the area; a sample counts each once."""
    policy, place, later, reach_km = plan
    later = sorted(later, key=lambda one: one[1])
    rows, wanted = _planned(policy, place, later, reach_km)
    positions = _people(seed)
    await redis.flushall()
    index = PositionIndex(redis, ("tpns",))
    columns = USERS.tolist(), positions[0].tolist(), positions[1].tolist(), [now_ms()] * PEOPLE
    await index.record(Positions("tpns", *columns))
    where = Place(longitude=place.longitude, latitude=place.latitude, jurisdiction=limit)
    for rings in (rows, outermost(rows)):
        [found] = await index.search("tpns", [0], [where.area(ring) for ring in rings])
        reached = {int(user) for users in found for user in users}
        certain = set(USERS[_inside(wanted, place, limit, positions, -1)].tolist())
        possible = set(USERS[_inside(wanted, place, limit, positions, 1)].tolist())
        assert certain <= reached <= possible
        sizes, everybody = _united(found, is_nested=False)
        assert (sizes[-1], {int(user) for user in everybody}) == (len(reached), reached)


@settings(max_examples=30, deadline=None)
@given(plan=PLANS, limit=LIMITS, seed=st.integers(0, 2**31))
async def test_whoever_comes_into_the_union_enters_it(
    plan: tuple[Policy, Centre, list[tuple[Centre, int]], float], limit: MultiPolygon | None, seed: int
) -> None:
    """Held against the grid: everybody who stands in it now and was nowhere before, each once, and nobody else."""
    policy, place, later, reach_km = plan
    rows, wanted = _planned(policy, place, sorted(later, key=lambda one: one[1]), reach_km)
    where = Place(longitude=place.longitude, latitude=place.latitude, jurisdiction=limit)
    live = LiveAreas()
    await live.watch({ALERT: [where.area(ring) for ring in outermost(rows)]})
    positions = _people(seed)
    columns = USERS.tolist(), positions[0].tolist(), positions[1].tolist(), [now_ms()] * PEOPLE
    entered = live.entered(Positions("tpns", *columns), np.full(PEOPLE, NOT_KNOWN, dtype=np.int64))
    users = [user for _, some in entered for user in some.tolist()]
    assert len(users) == len(set(users))
    assert len(entered) <= 1, "one alert stands once"
    certain = set(USERS[_inside(wanted, place, limit, positions, -1)].tolist())
    possible = set(USERS[_inside(wanted, place, limit, positions, 1)].tolist())
    assert certain <= set(users) <= possible


@given(plan=PLANS)
def test_new_rings_are_due_after_all_that_may_have_begun(
    plan: tuple[Policy, Centre, list[tuple[Centre, int]], float],
) -> None:
    """A ring that is added or made due comes after each ring that is due within a minute, so that it waits for it."""
    policy, place, later, reach_km = plan
    later = sorted(later, key=lambda one: one[1])
    rows, _ = _planned(policy, place, later[:-1], reach_km)
    now = NOW + timedelta(minutes=later[-1][1] if later else 0)
    begun = begins(rows, now)
    assert begun >= now
    assert all(begun > row.due_at for row in rows if row.due_at <= now + timedelta(seconds=59))
    assert begun <= now + timedelta(minutes=1, microseconds=1)


@given(place=CENTRES, earlier=st.lists(CENTRES, max_size=5))
def test_a_case_with_places_asks_near_each_of_them_first(place: Centre, earlier: list[Centre]) -> None:
    """The newest place's rings are all there, numbered from 1; each earlier place lies in a nearest ring."""
    rings = rings_of(QQ, received_at=NOW, last_seen_at=NOW, has_place=True, has_city=True)
    whole = with_earlier(rings, place, earlier)
    assert [ring.ring for ring in whole] == [*range(1, len(whole) + 1)]
    assert [ring.radius_km for ring in whole if ring.longitude is None] == [10, 30, 120]
    near = [ring for ring in whole if ring.radius_km == 10]
    assert whole[: len(near)] == near
    assert [ring.nearness or ring.ring for ring in whole] == [*([1] * len(near)), 2, 3]
    for one in earlier:
        centres = [Centre(r.longitude, r.latitude) if r.longitude and r.latitude else place for r in near]
        away_km = [
            distances_km(c.longitude, c.latitude, np.array([one.longitude]), np.array([one.latitude]))[0]
            for c in centres
        ]
        assert min(away_km) <= 10
