"""Doubts: what is not known for certain of people, and what is taken back, in the record itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np

import sql.filing
import sql.ledger
import sql.progress
import sql.rings
import sql.work
from push.fanout.packing import pack, unpack
from sql.ledger import LedgerRow
from sql.rings import SweepPlan
from tests.integration.test_claims import LEASE, add_alert, add_authority

if TYPE_CHECKING:
    from sql.database import Pool

LANE = "tpns"
EVERY = timedelta(minutes=5)


async def _unit(pool: Pool, alert: UUID) -> int:
    unit: int = await pool.fetchval(
        "select u.id from sweep_unit u join sweep s on s.id = u.sweep_id where s.alert_id = $1 order by u.id", alert
    )
    return unit


def _row(alert: UUID, unit: int, outcome: str, *users: int, version: int = 1) -> LedgerRow:
    packed = pack(np.array(users, dtype=np.int64))
    batch_id = hash((outcome, users, version)) & 0x7FFF_FFFF
    return LedgerRow(alert, "alert", 0, 1, batch_id, outcome, LANE, unit, len(users), packed, version)


async def test_a_unit_of_which_outcomes_are_taken_back_while_it_is_held_does_not_end_as_done(pool: Pool) -> None:
    """Whoever holds it ends it, and it is due again: those who were refused stand in no ledger any more."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    unit = await sql.work.claim(pool, LANE, owner, LEASE, [])
    assert unit is not None
    await sql.ledger.commit(pool, [_row(alert, unit.id, "invalid", 1, 2), _row(alert, unit.id, "accepted", 3)])
    assert await sql.ledger.reopen(pool, LANE) == 2
    await sql.work.finish(pool, unit.id, owner, 3)
    again = await sql.work.claim(pool, LANE, owner, LEASE, [])
    assert again is not None
    assert again.id == unit.id
    await sql.work.finish(pool, unit.id, owner, 3)
    assert await sql.work.claim(pool, LANE, owner, LEASE, []) is None
    row = await pool.fetchrow("select done, invalid, accepted from sweep_unit")
    assert row is not None
    assert tuple(row) == (True, 0, 1)


async def test_one_lane_that_is_stuck_keeps_no_late_entrants_from_another(pool: Pool) -> None:
    """An alert that is sent stays sent when one of its lanes doubts, and the passes of all other lanes go on."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("alert", 1, "apns", 1, 1)])
    for lane in (LANE, "apns"):
        unit = await sql.work.claim(pool, lane, owner, LEASE, [])
        assert unit is not None
        await sql.work.finish(pool, unit.id, owner, 0)
    await sql.ledger.commit(pool, [_row(alert, await _unit(pool, alert), "quarantined", 1)])
    async with pool.acquire() as connection, connection.transaction():
        assert [after for _, _, after in await sql.progress.settle(connection, EVERY)] == ["sent"]
    await sql.ledger.reopen(pool, LANE)
    async with pool.acquire() as connection, connection.transaction():
        assert await sql.progress.settle(connection, EVERY) == []
    await pool.execute("update alert set next_sweep_at = now()")
    assert await sql.rings.sweep_again(pool, EVERY) == {alert}
    opened = "select s.lane, u.passes from sweep s join sweep_unit u on u.sweep_id = s.id where not u.done order by 1"
    assert [tuple(row) for row in await pool.fetch(opened)] == [("apns", 1), (LANE, 1)]
    await pool.execute("update alert set next_sweep_at = now()")
    assert await sql.rings.sweep_again(pool, EVERY) == set(), "both are still under way"


async def test_who_may_have_been_told_is_told_one_text_and_the_end(pool: Pool) -> None:
    """The first message is tried again for them, with what is said now: so no update; but found and cancel."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    unit = await _unit(pool, alert)
    await sql.ledger.commit(pool, [_row(alert, unit, "indeterminate", 5), _row(alert, unit, "accepted", 6)])

    async def heard(*, indeterminate: bool) -> list[int]:
        packed = await sql.ledger.notified(pool, alert, 2, 0, 1, indeterminate=indeterminate)
        return sorted(user for one in packed for user in unpack(one).tolist())

    assert (await heard(indeterminate=False), await heard(indeterminate=True)) == ([6], [5, 6])
    notified = await sql.ledger.settled(pool, alert, "alert", 2, 0, 1, lane=LANE, invalid_for=EVERY)
    assert [unpack(one).tolist() for one in notified] == [[6]]


async def test_a_draft_that_somebody_was_told_of_keeps_its_number(pool: Pool) -> None:
    """Approved, sent in part, and over before any part was through: it is no stranger's draft any more."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    await pool.execute("update alert set verified = false")
    unit = await sql.work.claim(pool, LANE, owner, LEASE, [])
    assert unit is not None
    await sql.work.give_back(pool, unit.id, owner)
    await pool.execute("update alert set state = 'expired', ended_at = now()")
    async with pool.acquire() as connection, connection.transaction():
        assert await sql.filing.supersede(connection, alert) is None
        await connection.execute("update sweep_unit set worked_by = null")
        assert await sql.filing.supersede(connection, alert) == "expired"
