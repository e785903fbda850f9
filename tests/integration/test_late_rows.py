"""Rows that land late: who is recorded after a follow-up notice began, and was notified before, hears of it as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import numpy as np
import pytest

import sql.ledger
import sql.lifecycle
import sql.rings
import sql.work
from push.fanout.packing import pack
from sql.ledger import LedgerRow
from sql.rings import SweepPlan
from tests.integration.test_claims import LEASE, add_alert, add_authority
from tests.support.stores.claiming import claim_next

if TYPE_CHECKING:
    from sql.database import Pool

LANE: Final = "tpns"
OWNER: Final = uuid4()
STATE: Final = "select done, reopened, accepted, refused from sweep_unit where id = $1"


async def _cancelled(pool: Pool) -> tuple[UUID, int]:
    """Return an alert that was cancelled, and the unit that notifies of that, claimed."""
    await add_authority(pool)
    alert, owner = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1), uuid4()
    first = await claim_next(pool, LANE, owner, LEASE, [])
    assert first is not None
    await sql.work.finish(pool, first.id, owner, 0)
    content = await pool.fetchval("select content::text from alert")
    async with pool.acquire() as connection, connection.transaction():
        await sql.lifecycle.append_notice(connection, alert, 2, "cancel", content)
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("cancel", None, LANE, 1, 1, 2)])
        await sql.lifecycle.move(connection, alert, "cancelled")
    unit = await claim_next(pool, LANE, OWNER, LEASE, [])
    assert unit is not None
    assert unit.notice == "cancel"
    return alert, unit.id


def _row(alert: UUID, notice: str, user: int, unit: int, outcome: str, version: int) -> LedgerRow:
    packed = pack(np.array([user], dtype=np.int64))
    return LedgerRow(alert, notice, 0, 1, user, outcome, LANE, unit, 1, packed, version)


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
async def test_late_rows_that_land_with_those_of_the_notice_open_its_unit_again(pool: Pool, outcome: str) -> None:
    """One commit has both: what the unit counts is counted, and who sends it does not mark it done."""
    alert, unit = await _cancelled(pool)
    late = _row(alert, "alert", 7, unit - 1, "accepted", 1)
    await sql.ledger.commit(pool, [_row(alert, "cancel", 5, unit, outcome, 2), late])
    counted = (1, 0) if outcome == "accepted" else (0, 1)
    assert tuple(await pool.fetchrow(STATE, unit) or ()) == (False, True, *counted)
    await sql.work.finish(pool, unit, OWNER, 1)
    again = await claim_next(pool, LANE, OWNER, LEASE, [])
    assert again is not None
    assert again.id == unit


async def test_rows_of_the_notice_alone_open_nothing(pool: Pool) -> None:
    """Its unit is counted, and done once its process says so."""
    alert, unit = await _cancelled(pool)
    await sql.ledger.commit(pool, [_row(alert, "cancel", 5, unit, "accepted", 2)])
    assert await sql.work.finish(pool, unit, OWNER, 1)
    assert tuple(await pool.fetchrow(STATE, unit) or ()) == (True, False, 1, 0)
    await sql.ledger.commit(pool, [_row(alert, "cancel", 6, unit, "accepted", 2)])
    assert tuple(await pool.fetchrow(STATE, unit) or ()) == (True, False, 2, 0)
