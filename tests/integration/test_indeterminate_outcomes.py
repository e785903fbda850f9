"""Indeterminate and retracted outcomes in the record."""

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
from tests.support.stores.claiming import claim_next

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


async def test_a_unit_with_retracted_outcomes_is_due_again(pool: Pool) -> None:
    """Retracted while it is held: its holder releases it, and it is due again, for recipients not in the ledger."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    unit = await claim_next(pool, LANE, owner, LEASE, [])
    assert unit is not None
    await sql.ledger.commit(pool, [_row(alert, unit.id, "invalid", 1, 2), _row(alert, unit.id, "accepted", 3)])
    assert await sql.ledger.reopen(pool, LANE) == 2
    await sql.work.finish(pool, unit.id, owner, 3)
    again = await claim_next(pool, LANE, owner, LEASE, [])
    assert again is not None
    assert again.id == unit.id
    await sql.work.finish(pool, unit.id, owner, 3)
    assert await claim_next(pool, LANE, owner, LEASE, []) is None
    row = await pool.fetchrow("select done, invalid, accepted from sweep_unit where not entrants")
    assert row is not None
    assert tuple(row) == (True, 0, 1)


async def test_a_stuck_lane_blocks_no_late_entrants_of_other_lanes(pool: Pool) -> None:
    """A sent alert stays sent when a lane has indeterminate recipients, and passes of other lanes go on."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("alert", 1, "apns", 1, 1)])
    for lane in (LANE, "apns"):
        unit = await claim_next(pool, lane, owner, LEASE, [])
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
    assert [tuple(row) for row in await pool.fetch(opened)] == [("apns", 2), (LANE, 1)]
    await pool.execute("update alert set next_sweep_at = now()")
    assert await sql.rings.sweep_again(pool, EVERY) == set(), "both are still in progress"


async def test_indeterminate_recipients_get_one_text_and_the_last_notice(pool: Pool) -> None:
    """The alert is retried for them with its present text, so they get no update; but found and cancel."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    unit = await _unit(pool, alert)
    await sql.ledger.commit(pool, [_row(alert, unit, "indeterminate", 5), _row(alert, unit, "accepted", 6)])

    async def heard(*, indeterminate: bool) -> list[int]:
        notified = await sql.ledger.notified(pool, alert, 2, 0, 1, indeterminate=indeterminate)
        return sorted(user for one in notified for user in unpack(one.packed).tolist())

    assert (await heard(indeterminate=False), await heard(indeterminate=True)) == ([6], [5, 6])
    notified = await sql.ledger.settled(pool, alert, "alert", 2, 0, 1, lane=LANE, invalid_for=EVERY)
    assert [unpack(one).tolist() for one in notified] == [[6]]


async def test_a_draft_that_was_sent_to_anybody_keeps_its_number(pool: Pool) -> None:
    """Approved, partly sent, and ended before any unit was done: it no longer counts as an unverified draft."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    await pool.execute("update alert set verified = false")
    unit = await claim_next(pool, LANE, owner, LEASE, [])
    assert unit is not None
    await sql.work.give_back(pool, unit.id, owner)
    await pool.execute("update alert set state = 'expired', ended_at = now()")
    async with pool.acquire() as connection, connection.transaction():
        assert await sql.filing.supersede(connection, alert) is None
        await connection.execute("update sweep_unit set worked_by = null")
        assert await sql.filing.supersede(connection, alert) == "expired"
