"""Rings: near before far, each person once, and wider as the hours pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

import sql.rings
import sql.work
from geo.area import distances_km
from tests.integration.test_claims import GONE, LEASE, add_alert, add_authority
from tests.support.processes.deployment import CASE, SHENZHEN, Bench
from tests.support.processes.processes import until
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sql.database import Pool
    from tests.support.processes.processes import Process

WORKERS = 4
BATCH = 1000
PLACE = (SHENZHEN.longitude, SHENZHEN.latitude)


async def _at_distances(bench: Bench, distances: dict[int, float]) -> None:
    """Report each user at a distance (km) to the north of the place."""
    for user, distance_km in distances.items():
        await bench.place([user], PLACE[0], PLACE[1] + distance_km / 111.2)


async def _reached(bench: Bench) -> set[int]:
    return set((await bench.reached()).tolist())


async def test_the_last_of_the_first_ring_is_sent_to_before_the_first_of_the_third(bench: Bench) -> None:
    """With three rings: near before far, give or take the batches in flight; everybody once; each ring is counted."""
    await bench.provider("--latency-ms", "2")
    inside = await bench.people(150_000)
    server = await bench.server()
    _, answer = await bench.file(server)
    alert = answer["alert"]["id"]
    lane = (await bench.sent(server, alert))["lanes"]["tpns"]
    assert np.array_equal(await bench.reached(), inside)
    assert (await bench.counts())["duplicates"] == 0
    assert sum(ring["accepted"] for ring in lane["rings"].values()) == inside.size
    assert all(ring["accepted"] > 0 for ring in lane["rings"].values())
    rows = await bench.query(
        """select s.ring, l.at, l.recipients from ledger l join sweep_unit u on u.id = l.unit_id
           join sweep s on s.id = u.sweep_id where l.alert_id = $1""",
        alert,
    )
    for near, far in ((1, 2), (1, 3), (2, 3)):
        first_of_far = min(at for ring, at, _ in rows if ring == far)
        after = sum(recipients for ring, at, recipients in rows if ring == near and at > first_of_far)
        assert after <= WORKERS * BATCH


async def test_the_ladder_widens_hour_by_hour(bench: Bench) -> None:
    """Four hours of `tuanyuan` by moved times: 100, 200, 300, then 500 km, each person once, nobody beyond."""
    await bench.provider()
    await _at_distances(bench, {1: 50, 2: 150, 3: 250, 4: 450, 5: 550})
    server = await bench.server(QQ_ALERT_ALERT__POLICY="tuanyuan")
    now = (await bench.query("select now()"))[0][0]
    _, answer = await bench.file(server, last_seen={**CASE["last_seen"], "at": now})
    notified = {1}
    assert [ring["radius_km"] for ring in answer["alert"]["rings"]] == [100, 200, 300, 500]
    for hour in range(5):
        await until(partial(_has_reached, bench, notified))
        await bench.sent(server, answer["alert"]["id"])
        assert await _reached(bench) == notified, f"after {hour} hours"
        await bench.pass_time(1)
        notified = set(range(1, min(hour + 3, 5)))
    assert (await bench.counts())["duplicates"] == 0


async def _has_reached(bench: Bench, notified: set[int]) -> bool:
    return await _reached(bench) >= notified


async def test_a_unit_waits_for_the_same_shards_of_the_nearer_ring(pool: Pool) -> None:
    """Otherwise another process could notify a wider ring during the nearer one, and somebody twice."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    first, second = uuid4(), uuid4()
    near = await sql.work.claim(pool, "tpns", first, LEASE, [])
    assert near is not None
    assert near.ring == 1
    assert await sql.work.claim(pool, "tpns", second, LEASE, []) is None
    assert await sql.work.claim(pool, "tpns", first, LEASE, [near.id]) is None, "not searched yet"
    await sql.work.note_searched(pool, near.id, first, 0)
    assert await sql.work.claim(pool, "tpns", second, LEASE, []) is None
    own = await sql.work.claim(pool, "tpns", first, GONE, [near.id])
    assert own is not None, "its own, searched: it knows whom it is about to notify"
    assert own.ring == 2
    await sql.work.finish(pool, near.id, first, 0)
    other = await sql.work.claim(pool, "tpns", second, LEASE, [])
    assert other is not None
    assert other.id == own.id


async def test_rings_that_are_not_due_or_are_held_cannot_be_claimed(pool: Pool) -> None:
    """A ring that is due in an hour waits; one that would reach too many people waits for a decision."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    await pool.execute("update ring set due_at = now() + interval '1 hour' where ring = 2")
    near = await sql.work.claim(pool, "tpns", uuid4(), LEASE, [])
    assert near is not None
    await pool.execute("update sweep_unit set done = true where id = $1", near.id)
    assert await sql.work.claim(pool, "tpns", uuid4(), LEASE, []) is None
    await pool.execute("update ring set due_at = now()")
    async with pool.acquire() as connection:
        assert await sql.rings.hold_over_cap(connection, [alert], 0) == {alert}
    assert await sql.work.claim(pool, "tpns", uuid4(), LEASE, []) is None


async def _widen(bench: Bench, server: Process, alert: str, radius_km: float) -> tuple[int, str]:
    change_request = {"radius_km": radius_km, "reason": "seen in a car on the G4", "case_number": CASE["case_number"]}
    status, answer = await bench.post(f"{server.url}/v1/alerts/{alert}/rings", change_request)
    return status, answer.get("detail", "")


async def test_an_operator_widens_an_alert_and_nobody_is_notified_again(bench: Bench) -> None:
    """A wider ring is due at once and reaches only new people; a narrower one, or one over the cap, is refused."""
    await bench.provider()
    await _at_distances(bench, {1: 50, 2: 200, 3: 600})
    server = await bench.server()
    _, answer = await bench.file(server)
    alert = answer["alert"]["id"]
    await bench.sent(server, alert)
    assert await _widen(bench, server, alert, 90) == (
        409,
        "not wider than the rings that are notified already: the widest ring is 120 km",
    )
    assert (await _widen(bench, server, alert, 900))[0] == 422
    assert (await _widen(bench, server, str(uuid4()), 200))[0] == 404
    assert (await _widen(bench, server, alert, 300))[0] == 200
    await until(lambda: _has_reached(bench, {1, 2}))
    await bench.sent(server, alert)
    shown = (await bench.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["rings"][-1]
    assert (shown["ring"], shown["radius_km"], shown["decided_by"]) == (4, 300, "admin test")
    assert "reason" not in shown
    preview = await bench.get(f"{server.url}/v1/alerts/{alert}/preview")
    assert list(preview["reasons"]["rings"].values()) == ["seen in a car on the G4"]
    assert await _reached(bench) == {1, 2}
    assert (await bench.counts())["duplicates"] == 0


async def test_an_operator_brings_a_planned_ring_forward(bench: Bench) -> None:
    """The next rings of the ladder can be made due at once; a radius between two of them has no effect."""
    await bench.provider()
    await _at_distances(bench, {1: 50, 2: 150, 3: 250, 4: 450})
    server = await bench.server(**boundaries.env(), QQ_ALERT_ALERT__POLICY="tuanyuan")
    now = (await bench.query("select now()"))[0][0]
    _, answer = await bench.file(server, last_seen={**CASE["last_seen"], "at": now})
    alert = answer["alert"]["id"]
    assert await _widen(bench, server, alert, 250) == (
        409,
        "between two planned rings: planned and not due yet (km): 200, 300, 500",
    )
    assert (await _widen(bench, server, alert, 300))[0] == 200
    await until(lambda: _has_reached(bench, {1, 2, 3}))
    await bench.sent(server, alert)
    assert await _reached(bench) == {1, 2, 3}


async def test_a_case_may_name_another_policy_or_radius_with_its_reason(bench: Bench) -> None:
    """With a reason, up to the cap; over the cap, without a reason or unknown: refused, each field named."""
    server = await bench.server()
    status, answer = await bench.file(server, area={"policy": "tuanyuan", "radius_km": 300, "reason": "taken in a car"})
    assert status == 202
    rings = answer["alert"]["rings"]
    assert [(ring["radius_km"], ring["decided_by"]) for ring in rings] == [
        (100, "policy"),
        (200, "policy"),
        (300, "authority sz"),
    ]
    for area, path in (
        ({"radius_km": 900, "reason": "far"}, "$.area.radius_km"),
        ({"policy": "nobody", "reason": "unknown"}, "$.area.policy"),
        ({"radius_km": 200}, "$.area.reason"),
    ):
        status, answer = await bench.file(server, case_number=f"X-{path}"[:20].replace("$", "").strip("."), area=area)
        assert (status, answer["errors"][0]["path"]) == (422, path)


async def test_a_ring_with_more_people_than_the_cap_is_held(bench: Bench) -> None:
    """The near rings are sent, the wide one waits with an alarm; nothing beyond the cap is sent by mistake."""
    await bench.provider()
    inside = await bench.people(20_000)
    rings = await _within(bench, inside, 30.0)
    server = await bench.server(QQ_ALERT_ALERT__AUDIENCE_CAP="5000")
    _, answer = await bench.file(server)
    assert [ring["held"] for ring in answer["alert"]["rings"]] == [None, None, "audience cap"]
    await bench.sent(server, answer["alert"]["id"])
    assert 0 < (await bench.counts())["accepted"] == rings < 5000
    async with bench.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        alarms = (await feed.receive_json())["alarms"]
    assert [alarm["kind"] for alarm in alarms] == ["audience_cap"]


async def _within(bench: Bench, users: NDArray[np.int64], radius_km: float) -> int:
    """Count the people within a radius, by brute force over the positions in Redis."""
    from redis import asyncio as aioredis  # noqa: PLC0415

    client = aioredis.Redis.from_url(bench.redis_url)
    places = []
    for name in await client.keys("geo:*"):
        members = await client.zrange(name, 0, -1)
        places += [place for place in await client.geopos(name, *members) if place is not None]
    await client.aclose()
    assert len(places) >= users.size
    columns = np.array(places)
    return int((distances_km(*PLACE, columns[:, 0], columns[:, 1]) <= radius_km).sum())
