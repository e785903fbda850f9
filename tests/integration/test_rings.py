"""Rings: near before far, each person once, and wider as the hours pass."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

import sql.rings
import sql.work
from geo.area import distances_km
from sql.rings import RingRow, SweepPlan
from tests.integration.test_claims import GONE, LEASE, add_alert, add_authority
from tests.support.processes.deployment import CASE, SHENZHEN, Deployment
from tests.support.processes.processes import until
from tests.support.stores import boundaries
from tests.support.stores.claiming import claim_next

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sql.database import Pool
    from tests.support.processes.processes import Process

WORKERS = 4
BATCH = 1000
PLACE = (SHENZHEN.longitude, SHENZHEN.latitude)


async def _at_distances(deployment: Deployment, distances: dict[int, float]) -> None:
    """Report each user at a distance (km) to the north of the place."""
    for user, distance_km in distances.items():
        await deployment.place([user], PLACE[0], PLACE[1] + distance_km / 111.2)


async def _reached(deployment: Deployment) -> set[int]:
    return set((await deployment.reached()).tolist())


async def test_the_last_of_the_first_ring_is_sent_to_before_the_first_of_the_third(deployment: Deployment) -> None:
    """With three rings: near before far, give or take the batches in flight; everybody once; each ring is counted."""
    await deployment.provider("--latency-ms", "2")
    inside = await deployment.people(150_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    lane = (await deployment.sent(server, alert))["lanes"]["tpns"]
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] == 0
    assert sum(ring["accepted"] for ring in lane["rings"].values()) == inside.size
    assert all(ring["accepted"] > 0 for ring in lane["rings"].values())
    rows = await deployment.query(
        """select s.ring, l.at, l.recipients from ledger l join sweep_unit u on u.id = l.unit_id
           join sweep s on s.id = u.sweep_id where l.alert_id = $1""",
        alert,
    )
    for near, far in ((1, 2), (1, 3), (2, 3)):
        first_of_far = min(at for ring, at, _ in rows if ring == far)
        after = sum(recipients for ring, at, recipients in rows if ring == near and at > first_of_far)
        assert after <= WORKERS * BATCH


async def test_the_ladder_widens_hour_by_hour(deployment: Deployment) -> None:
    """Four hours of `tuanyuan` by moved times: 100, 200, 300, then 500 km, each person once, nobody beyond."""
    await deployment.provider()
    await _at_distances(deployment, {1: 50, 2: 150, 3: 250, 4: 450, 5: 550})
    server = await deployment.server(QQ_ALERT_ALERT__POLICY="tuanyuan")
    now = (await deployment.query("select now()"))[0][0]
    _, answer = await deployment.file(server, last_seen={**CASE["last_seen"], "at": now})
    notified = {1}
    assert [ring["radius_km"] for ring in answer["alert"]["rings"]] == [100, 200, 300, 500]
    for hour in range(5):
        await until(partial(_has_reached, deployment, notified))
        await deployment.sent(server, answer["alert"]["id"])
        assert await _reached(deployment) == notified, f"after {hour} hours"
        await deployment.pass_time(1)
        notified = set(range(1, min(hour + 3, 5)))
    assert (await deployment.counts())["duplicates"] == 0


async def _has_reached(deployment: Deployment, notified: set[int]) -> bool:
    return await _reached(deployment) >= notified


async def test_a_unit_waits_for_the_same_shards_of_the_nearer_ring(pool: Pool) -> None:
    """Otherwise another process could notify a wider ring during the nearer one, and somebody twice."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    first, second = uuid4(), uuid4()
    near = await claim_next(pool, "tpns", first, LEASE, [])
    assert near is not None
    assert near.ring == 1
    assert await claim_next(pool, "tpns", second, LEASE, []) is None
    assert await claim_next(pool, "tpns", first, LEASE, [near.id]) is None, "not searched yet"
    await sql.work.note_searched(pool, near.id, first, 0)
    assert await claim_next(pool, "tpns", second, LEASE, []) is None
    own = await claim_next(pool, "tpns", first, GONE, [near.id])
    assert own is not None, "its own, searched: it knows whom it is about to notify"
    assert own.ring == 2
    await sql.work.finish(pool, near.id, first, 0)
    other = await claim_next(pool, "tpns", second, LEASE, [])
    assert other is not None
    assert other.id == own.id


async def test_rings_that_are_not_due_or_are_held_cannot_be_claimed(pool: Pool) -> None:
    """A ring that is due in an hour waits; one that would reach too many people waits for a decision."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    await pool.execute("update ring set due_at = now() + interval '1 hour' where ring = 2")
    near = await claim_next(pool, "tpns", uuid4(), LEASE, [])
    assert near is not None
    await pool.execute("update sweep_unit set done = true where id = $1", near.id)
    assert await claim_next(pool, "tpns", uuid4(), LEASE, []) is None
    await pool.execute("update ring set due_at = now()")
    async with pool.acquire() as connection:
        assert await sql.rings.hold_over_cap(connection, [alert], 0) == {alert}
    assert await claim_next(pool, "tpns", uuid4(), LEASE, []) is None


async def _widen(deployment: Deployment, server: Process, alert: str, radius_km: float) -> tuple[int, str]:
    request = {"radius_km": radius_km, "reason": "seen in a car on the G4", "case_number": CASE["case_number"]}
    status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", request)
    return status, answer.get("detail", "")


async def test_an_operator_widens_an_alert_and_nobody_is_notified_again(deployment: Deployment) -> None:
    """A wider ring is due at once and reaches only new people; a narrower one, or one over the cap, is refused."""
    await deployment.provider()
    await _at_distances(deployment, {1: 50, 2: 200, 3: 600})
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    assert await _widen(deployment, server, alert, 90) == (
        409,
        "not wider than the rings that are notified already: the widest ring is 120 km",
    )
    assert (await _widen(deployment, server, alert, 900))[0] == 422
    assert (await _widen(deployment, server, str(uuid4()), 200))[0] == 404
    assert (await _widen(deployment, server, alert, 300))[0] == 200
    await until(lambda: _has_reached(deployment, {1, 2}))
    await deployment.sent(server, alert)
    shown = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["rings"][-1]
    assert (shown["ring"], shown["radius_km"], shown["decided_by"]) == (4, 300, "admin test")
    assert "reason" not in shown
    preview = await deployment.get(f"{server.url}/v1/alerts/{alert}/preview")
    assert list(preview["reasons"]["rings"].values()) == ["seen in a car on the G4"]
    assert await _reached(deployment) == {1, 2}
    assert (await deployment.counts())["duplicates"] == 0


async def test_an_operator_brings_a_planned_ring_forward(deployment: Deployment) -> None:
    """The next rings of the ladder can be made due at once; a radius between two of them has no effect."""
    await deployment.provider()
    await _at_distances(deployment, {1: 50, 2: 150, 3: 250, 4: 450})
    server = await deployment.server(**boundaries.env(), QQ_ALERT_ALERT__POLICY="tuanyuan")
    now = (await deployment.query("select now()"))[0][0]
    _, answer = await deployment.file(server, last_seen={**CASE["last_seen"], "at": now})
    alert = answer["alert"]["id"]
    assert await _widen(deployment, server, alert, 250) == (
        409,
        "between two planned rings: planned and not due yet (km): 200, 300, 500",
    )
    assert (await _widen(deployment, server, alert, 300))[0] == 200
    await until(lambda: _has_reached(deployment, {1, 2, 3}))
    await deployment.sent(server, alert)
    assert await _reached(deployment) == {1, 2, 3}


async def test_a_case_may_name_another_policy_or_radius_with_its_reason(deployment: Deployment) -> None:
    """With a reason, up to the cap; over the cap, without a reason or unknown: refused, each field named."""
    server = await deployment.server()
    status, answer = await deployment.file(
        server, area={"policy": "tuanyuan", "radius_km": 300, "reason": "taken in a car"}
    )
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
        status, answer = await deployment.file(
            server, case_number=f"X-{path}"[:20].replace("$", "").strip("."), area=area
        )
        assert (status, answer["errors"][0]["path"]) == (422, path)


async def test_a_ring_with_more_people_than_the_cap_is_held(deployment: Deployment) -> None:
    """The near rings are sent, the wide one waits with an alarm; nothing beyond the cap is sent by mistake."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    rings = await _within(deployment, inside, 30.0)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="5000")
    _, answer = await deployment.file(server)
    assert [ring["held"] for ring in answer["alert"]["rings"]] == [None, None, "audience cap"]
    await deployment.sent(server, answer["alert"]["id"])
    assert 0 < (await deployment.counts())["accepted"] == rings < 5000
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        alarms = (await feed.receive_json())["alarms"]
    # A busy machine may answer late; nothing else is said of a lane or an alert.
    kinds = [alarm["kind"] for alarm in alarms if alarm["kind"] not in {"store_away", "clock_differs"}]
    assert kinds == ["audience_cap"]


async def _within(deployment: Deployment, users: NDArray[np.int64], radius_km: float) -> int:
    """Count the people within a radius, by brute force over the positions in Redis."""
    from redis import asyncio as aioredis  # noqa: PLC0415

    client = aioredis.Redis.from_url(deployment.redis_url)
    places = []
    for name in await client.keys("geo:*"):
        members = await client.zrange(name, 0, -1)
        places += [place for place in await client.geopos(name, *members) if place is not None]
    await client.aclose()
    assert len(places) >= users.size
    columns = np.array(places)
    return int((distances_km(*PLACE, columns[:, 0], columns[:, 1]) <= radius_km).sum())


async def test_rings_and_sweeps_cost_as_many_statements_in_nine_lanes_as_in_one(pool: Pool) -> None:
    """A transaction that stops or files holds the trail's lock no longer where there are more lanes."""
    counts: list[int] = []
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    for lanes in (1, 9):
        asked: list[object] = []
        async with pool.acquire() as connection, connection.transaction():
            connection.add_query_logger(asked.append)
            first = 2 if lanes == 1 else 3
            rings = [
                RingRow(
                    ring=first + number,
                    radius_km=10.0,
                    city=False,
                    due_at=datetime.now(UTC),
                    deadline=datetime.now(UTC),
                    decided_by="policy",
                    reason="",
                )
                for number in range(lanes)
            ]
            await sql.rings.add_rings(connection, alert, rings)
            names = [f"lane {lane}" for lane in range(lanes)]
            plans = [SweepPlan("alert", ring.ring, lane, 1024, 16) for ring in rings for lane in names]
            await sql.rings.add_sweeps(connection, alert, plans)
            connection.remove_query_logger(asked.append)
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0
    units = "select count(*) from sweep_unit u join sweep s on s.id = u.sweep_id where s.ring > 1 and not u.entrants"
    assert await pool.fetchval(units) == (1 + 9 * 9) * 64
