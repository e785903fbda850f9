"""Claims: the most urgent unit first, each unit in one process at a time, a dead process's units for any other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import sql.access
import sql.filing
import sql.lifecycle
import sql.rings
import sql.work
from push.fanout.claims.claims import POLL_INTERVAL_S, Claims
from sql.filing import AlertRow, NewCase
from sql.query import query
from sql.rings import RingRow, SweepPlan
from tests.support.processes.processes import until
from tests.support.stores.claiming import claim_next

if TYPE_CHECKING:
    from sql.database import Pool

LEASE = timedelta(seconds=60)
GONE = timedelta(seconds=-1)


async def add_alert(
    pool: Pool,
    number: str,
    *,
    due_in_min: float,
    rings: tuple[int, ...],
    units: int = 2,
    lanes: tuple[str, ...] = ("tpns",),
    alert_id: UUID | None = None,
    now: datetime | None = None,
) -> UUID:
    now = now or datetime.now(UTC)
    alert = AlertRow(
        id=alert_id or uuid4(),
        status="actual",
        received_at=now,
        deadline=now + timedelta(minutes=due_in_min),
        expires=now + timedelta(hours=72),
        longitude=114.0,
        latitude=22.5,
        city=None,
        city_polygon=None,
        jurisdiction=None,
        policy="qq",
        content='{"texts": {"zh-CN": {"title": "t", "body": "b", "call": "110"}}}',
        estimate=None,
        state="sending",
        review="auto",
        send_at=None,
        unverified=None,
    )
    sweeps = [SweepPlan("alert", ring, lane, units, 1) for ring in rings for lane in lanes]
    async with pool.acquire() as connection, connection.transaction():
        await sql.filing.add_alert(connection, NewCase("sz", number, b"", "{}"), alert)
        for ring in rings:
            row = RingRow(
                ring=ring,
                radius_km=40.0 * ring,
                city=False,
                due_at=now,
                deadline=alert.deadline,
                decided_by="policy",
                reason="",
            )
            await sql.rings.add_rings(connection, alert.id, [row])
        await sql.rings.add_sweeps(connection, alert.id, sweeps)
    return alert.id


async def add_authority(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.access.add_authority(connection, "sz", "Shenzhen")


async def _claimed(pool: Pool, owner: UUID, lease: timedelta = LEASE) -> list[tuple[UUID, int]]:
    """Claim until nothing is left; returns (alert, ring) in the order of the claims."""
    claimed: list[tuple[UUID, int]] = []
    while (row := await claim_next(pool, "tpns", owner, lease, [])) is not None:
        claimed.append((row.alert_id, row.ring))
        await sql.work.finish(pool, row.id, owner, 0)
    return claimed


async def test_two_alerts_share_a_lane_nearest_ring_first_then_earliest_deadline(pool: Pool) -> None:
    """Both first rings go before any second ring; within a ring the earlier deadline goes first."""
    await add_authority(pool)
    later = await add_alert(pool, "A", due_in_min=30, rings=(2, 1))
    sooner = await add_alert(pool, "B", due_in_min=10, rings=(1, 2))
    expected = [(sooner, 1)] * 2 + [(later, 1)] * 2 + [(sooner, 2)] * 2 + [(later, 2)] * 2
    assert await _claimed(pool, uuid4()) == expected


async def test_alerts_take_turns_unless_a_deadline_is_near(pool: Pool) -> None:
    """A small alert does not wait for a large one, but an alert with little time left goes before both."""
    await add_authority(pool)
    large = await add_alert(pool, "A", due_in_min=20, rings=(1,), units=6)
    small = await add_alert(pool, "B", due_in_min=30, rings=(1,), units=2)
    claims = Claims(pool, LEASE.total_seconds())
    first = [(await claims.next_unit("tpns")).row.alert_id for _ in range(3)]
    urgent = await add_alert(pool, "C", due_in_min=9, rings=(1,), units=2)
    claims.wake()
    await asyncio.sleep(POLL_INTERVAL_S)
    then = [(await claims.next_unit("tpns")).row.alert_id for _ in range(7)]
    assert first == [large, small, large]
    assert then == [urgent, urgent, small, large, large, large, large]


async def test_a_new_case_does_not_wait_for_a_large_alert_that_is_overdue(pool: Pool) -> None:
    """They take turns: the small one has its units after twice as many claims, and not after all of the large one."""
    await add_authority(pool)
    large = await add_alert(pool, "A", due_in_min=-5, rings=(1,), units=64)
    small = await add_alert(pool, "B", due_in_min=30, rings=(1,), units=4)
    claims = Claims(pool, LEASE.total_seconds())
    claimed = [(await claims.next_unit("tpns")).row.alert_id for _ in range(8)]
    assert claimed == [large, small] * 4


async def test_a_pass_comes_last_unless_a_first_send_waits_for_it(pool: Pool) -> None:
    """An old pass of an alert that is being sent waits for new cases; with a later ring behind it, it has its place."""
    await add_authority(pool)
    old = await add_alert(pool, "A", due_in_min=-5, rings=(1, 2), units=2)
    new = await add_alert(pool, "B", due_in_min=30, rings=(1,), units=2)
    reopen = """update sweep_unit u set passes = 1, done = s.ring = 2 from sweep s
                where s.id = u.sweep_id and s.alert_id = $1 and not u.entrants"""
    await pool.execute(reopen, old)
    await pool.execute("update ring set deadline = now() + interval '20 minutes' where alert_id = $1 and ring = 2", old)

    async def opened() -> set[tuple[UUID, int, bool, bool]]:
        sweeps = await sql.work.open_sweeps(pool, ["tpns"], [])
        return {(one.alert_id, one.ring, one.left_s > 0, one.is_last) for one in sweeps}

    assert await opened() == {(old, 1, False, True), (new, 1, True, False)}
    await pool.execute(
        """update sweep_unit u set passes = 0, done = false from sweep s
           where s.id = u.sweep_id and s.ring = 2 and not u.entrants"""
    )
    assert await opened() == {(old, 2, True, False), (new, 1, True, False)}
    # All that is claimed of both, in this order: no unit of the later ring before the pass, and no other alert between.
    assert await _claimed(pool, uuid4()) == [(new, 1)] * 2 + [(old, 1)] * 2 + [(old, 2)] * 2
    await pool.execute("update sweep_unit set done = false")
    await pool.execute(
        "update sweep_unit u set passes = (u.shard_from = 0)::integer from sweep s where s.id = sweep_id"
    )
    assert await opened() == {(old, 1, False, False), (old, 2, True, False), (new, 1, True, False)}


async def test_nothing_is_claimed_before_the_record_was_compared(pool: Pool) -> None:
    """While Redis is away at a start nobody knows how far the record was; once that is known, work goes on."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,))
    claims = Claims(pool, LEASE.total_seconds())
    claims.compared.clear()
    waiting = asyncio.create_task(claims.next_unit("tpns"), name="the next unit")
    other = await claim_next(pool, "tpns", uuid4(), LEASE, [])
    assert other is not None, "there is something to claim"
    assert not waiting.done()
    assert claims.leases.held == []
    claims.compared.set()
    assert (await waiting).row.id != other.id


async def test_a_unit_is_held_by_one_process_until_its_lease_ends(pool: Pool) -> None:
    """Another process cannot claim it before; afterwards it can, and the first process learns of it."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,))
    first, second = uuid4(), uuid4()
    unit = await claim_next(pool, "tpns", first, GONE, [])
    assert unit is not None
    taken_over = await claim_next(pool, "tpns", second, LEASE, [])
    assert taken_over is not None
    assert taken_over.id == unit.id
    assert await sql.work.extend(pool, [unit.id], first, LEASE) == set()
    assert not await sql.work.finish(pool, unit.id, first, 0)
    assert await sql.work.finish(pool, unit.id, second, 0)
    assert len(await _claimed(pool, first)) == 1


async def test_a_lane_gets_no_other_lanes_units(pool: Pool) -> None:
    """Lanes are independent: a lane never sees another lane's work."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,))
    assert await claim_next(pool, "huawei", uuid4(), LEASE, []) is None


async def test_a_unit_waits_for_every_nearer_unit_that_shares_a_shard(pool: Pool) -> None:
    """A ring that was added later may have units of another size."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=4)
    wide = RingRow(
        ring=2,
        radius_km=80.0,
        city=False,
        due_at=datetime.now(UTC),
        deadline=datetime.now(UTC) + timedelta(minutes=30),
        decided_by="somebody",
        reason="",
    )
    async with pool.acquire() as connection, connection.transaction():
        await sql.rings.add_rings(connection, alert, [wide])
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("alert", 2, "tpns", 4, 2)])
    owner, claimed = uuid4(), []
    for _ in range(4):
        unit = await claim_next(pool, "tpns", owner, LEASE, [])
        assert unit is not None
        claimed.append((unit.ring, unit.shard_from, unit.shard_to))
        await sql.work.finish(pool, unit.id, owner, 0)
    assert claimed == [(1, 0, 1), (1, 1, 2), (1, 2, 3), (1, 3, 4)]
    unit = await claim_next(pool, "tpns", owner, LEASE, [])
    assert unit is not None
    assert (unit.ring, unit.shard_from, unit.shard_to) == (2, 0, 2)
    await pool.execute("update sweep_unit set done = false where shard_from = 3 and shard_to = 4")
    near = await claim_next(pool, "tpns", owner, LEASE, [unit.id])
    assert near is not None
    assert near.ring == 1
    assert await claim_next(pool, "tpns", uuid4(), LEASE, []) is None, "one shard of the last unit is not done"


async def test_an_exercise_and_a_test_wait_until_no_actual_alert_has_anything_to_claim(pool: Pool) -> None:
    """However near their deadline: everybody of the actual alert is claimed first, then they go on."""
    await add_authority(pool)
    exercise = await add_alert(pool, "A", due_in_min=1, rings=(1,))
    trial = await add_alert(pool, "B", due_in_min=1, rings=(1,))
    actual = await add_alert(pool, "C", due_in_min=30, rings=(1, 2))
    for alert, status in ((exercise, "exercise"), (trial, "test")):
        await pool.execute("update alert set status = $2 where id = $1", alert, status)
    owner, order = uuid4(), []
    while (unit := await claim_next(pool, "tpns", owner, LEASE, [])) is not None:
        order.append(unit.alert_id)
        await pool.execute("update sweep_unit set done = true where id = $1", unit.id)
    assert order[:4] == [actual] * 4
    assert sorted(order[4:]) == sorted([exercise, exercise, trial, trial])


async def test_what_is_through_is_in_no_list_and_what_is_opened_again_is(pool: Pool) -> None:
    """Closed sweeps cost a claim nothing; a unit that is opened while its sweep is being closed is not forgotten."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1, 2))
    ended = await add_alert(pool, "B", due_in_min=30, rings=(1,))
    owner = uuid4()
    await _claimed(pool, owner)
    await pool.execute("update sweep_unit set done = false from sweep s where s.id = sweep_id and alert_id = $1", ended)
    await pool.execute("update alert set state = 'cancelled' where id = $1", ended)
    async with pool.acquire() as connection, pool.acquire() as other:
        closing, opening = connection.transaction(), other.transaction()
        await closing.start()
        stale = [row[0] for row in await connection.fetch(query("sweep_stale"), 100)]
        assert len(stale) == len(await connection.fetch(query("sweep_lock"), stale)) == 3
        await opening.start()
        opened = asyncio.create_task(other.execute("update sweep_unit set done = false where passes = 0"))
        await until(lambda: _waits(pool))
        await connection.execute(query("sweep_close"), stale)
        await closing.commit()
        await opened
        await opening.commit()
    assert len(await sql.work.open_sweeps(pool, ["tpns"])) == 2
    assert len(await _claimed(pool, owner)) == 4
    assert await sql.work.close_sweeps(pool, 100) == 2
    assert await pool.fetchval("select count(*) from sweep where open") == 0


async def test_an_update_that_another_one_superseded_is_in_no_list_and_the_newest_one_is(pool: Pool) -> None:
    """Also while the alert is paused, and whatever comes back of an older one later; the newest one is sent."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    await _claimed(pool, uuid4())
    content = await pool.fetchval("select content::text from alert")
    async with pool.acquire() as connection, connection.transaction():
        for version in (2, 3, 4):
            await sql.lifecycle.append_notice(connection, alert, version, "update", content)
            await sql.rings.add_sweeps(connection, alert, [SweepPlan("update", None, "tpns", 2, 1, version)])
        await sql.lifecycle.move(connection, alert, "paused")
    listed = "select version from sweep where open and notice = 'update' order by version"
    await sql.work.close_sweeps(pool, 100)
    assert [row[0] for row in await pool.fetch(listed)] == [4]
    await pool.execute("update sweep set open = true where version = 3")
    async with pool.acquire() as connection, connection.transaction():
        await sql.lifecycle.move(connection, alert, "sent")
    await sql.work.close_sweeps(pool, 100)
    assert [row[0] for row in await pool.fetch(listed)] == [4]
    claimed = [await claim_next(pool, "tpns", uuid4(), LEASE, []) for _ in range(3)]
    assert [one and (one.notice, one.message_version) for one in claimed] == [("update", 4), ("update", 4), None]


async def _waits(pool: Pool) -> bool:
    return bool(await pool.fetchval("select exists (select from pg_stat_activity where wait_event_type = 'Lock')"))


async def test_a_nearer_unit_that_was_given_back_after_its_search_keeps_the_wider_ring_waiting(pool: Pool) -> None:
    """It is nobody's then: neither who gave it back a moment ago nor anyone else may go on with the wider ring."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    owner = uuid4()
    near = await claim_next(pool, "tpns", owner, LEASE, [])
    assert near is not None
    await sql.work.note_searched(pool, near.id, owner, 5)
    await sql.work.give_back(pool, near.id, owner)
    assert await claim_next(pool, "tpns", owner, LEASE, [near.id]) is None
    assert await claim_next(pool, "tpns", uuid4(), LEASE, [near.id]) is None


async def test_a_halted_nearer_unit_keeps_the_wider_ring_waiting(pool: Pool) -> None:
    """What drains of it unsent is left to whoever claims it next: a wider ring would notify the same people beside."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=1)
    claims = Claims(pool, LEASE.total_seconds())
    near = await claims.next_unit("tpns")
    await sql.work.note_searched(pool, near.row.id, claims.leases.owner, 5)
    claims.leases.halt(alert)
    near.interrupted = True
    assert await claim_next(pool, "tpns", claims.leases.owner, LEASE, [near.row.id], interrupted=[near.row.id]) is None
    wider = await claim_next(pool, "tpns", claims.leases.owner, LEASE, [near.row.id])
    assert wider is not None, "without the halt it may be claimed: its own process knows whom it is notifying"
    assert wider.ring == 2


async def test_an_update_that_waits_or_is_parked_holds_up_no_other_notice(pool: Pool) -> None:
    """Beside first sends a cancel that is ready has its turns, whatever came first; what is parked is not listed."""
    await add_authority(pool)
    waiting, unreadable, cancelled = [await add_alert(pool, number, due_in_min=9, rings=(1,)) for number in "ABC"]
    assert (await claim_next(pool, "tpns", uuid4(), LEASE, [])) is not None
    await pool.execute("update sweep_unit set done = true where lease_until is null")
    content = await pool.fetchval("select content::text from alert limit 1")
    async with pool.acquire() as connection, connection.transaction():
        notices = (waiting, "update", content), (unreadable, "update", '{"texts": 5}'), (cancelled, "cancel", content)
        for alert, notice, content in notices:
            await sql.lifecycle.append_notice(connection, alert, 2, notice, content)
            await sql.rings.add_sweeps(
                connection, alert, [SweepPlan(notice, None, "tpns", 8, 8 if alert == unreadable else 1, 2)]
            )
        await sql.lifecycle.move(connection, cancelled, "cancelled")
    await add_alert(pool, "D", due_in_min=30, rings=(1,), units=40)
    claims = Claims(pool, LEASE.total_seconds())
    claimed = [(await claims.next_unit("tpns")).row.notice for _ in range(24)]
    assert claimed.count("cancel") >= 4
    assert claimed.count("alert") >= 16
    assert len(claims.unreadable.parked) == 1
    listed = await sql.work.open_sweeps(pool, ["tpns"], [*claims.unreadable.parked])
    assert unreadable not in {one.alert_id for one in listed}


async def test_the_passes_of_a_follow_up_notice_are_apart_also_after_a_pause(pool: Pool) -> None:
    """Both were overdue: the second one comes no sooner after the first, or it finds nobody whom that one left out."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    every, owner = timedelta(minutes=5), uuid4()
    async with pool.acquire() as connection, connection.transaction():
        content = await connection.fetchval("select content::text from alert where id = $1", alert)
        await sql.lifecycle.append_notice(connection, alert, 2, "update", content)
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("update", None, "tpns", 1, 1, 2)])
    await pool.execute("update notice set at = now() - interval '1 hour'")
    for _ in range(2):
        claimed = [await claim_next(pool, "tpns", owner, LEASE, []) for _ in range(2)]
        follow_up = next(one for one in claimed if one is not None and one.notice == "update")
        assert await sql.work.finish(pool, follow_up.id, owner, 0)
        assert await sql.rings.notify_again(pool, every, 2, every) == set(), "it was swept a moment ago"
        await pool.execute("update sweep_unit set done_at = done_at - interval '6 minutes'")
        assert await sql.rings.notify_again(pool, every, 2, every) == {alert}


async def test_the_second_pass_of_a_follow_up_notice_waits_for_the_first_to_be_through(pool: Pool) -> None:
    """What takes longer than the passes are apart is not begun anew while others were not looked for at all."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    every = timedelta(minutes=5)
    async with pool.acquire() as connection, connection.transaction():
        content = await connection.fetchval("select content::text from alert where id = $1", alert)
        await sql.lifecycle.append_notice(connection, alert, 2, "update", content)
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("update", None, "tpns", 2, 1, 2)])
    await pool.execute("update notice set at = now() - interval '12 minutes'")
    units = "select u.id from sweep_unit u join sweep s on s.id = u.sweep_id where s.notice = 'update' order by u.id"
    first, second = [row[0] for row in await pool.fetch(units)]
    done = "update sweep_unit set done = true, done_at = now() - interval '6 minutes' where id = $1"
    await pool.execute(done, first)
    assert await sql.rings.notify_again(pool, every, 2, every) == set(), "the other one was not swept yet"
    await pool.execute(done, second)
    assert await sql.rings.notify_again(pool, every, 2, every) == {alert}
    await pool.execute(done, first)
    assert await sql.rings.notify_again(pool, every, 2, every) == set(), "nor was its second pass"


async def test_a_unit_that_the_record_does_not_know_is_lost(pool: Pool) -> None:
    """A record that went back has no such unit: its process stops sending it at the next look."""
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    owner = uuid4()
    unit = await claim_next(pool, "tpns", owner, LEASE, [])
    assert unit is not None
    assert (await sql.work.halted(pool, [unit.id, unit.id + 1000], owner))[1] == {unit.id + 1000: True}
