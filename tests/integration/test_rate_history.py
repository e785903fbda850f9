"""The history of rates ends no process, whatever the record says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

import sql.progress
import sql.rates
from push.alerts.watch.progress import Meter
from push.alerts.watch.rate_history import RateHistory
from runtime.clock import ComparedClock
from tests.integration.test_claims import add_alert, add_authority

if TYPE_CHECKING:
    from push.alerts.watch.progress import AlertProgress
    from sql.database import Pool

TRIGGER = "create trigger refusing before insert on rate_sample for each statement execute function refuse()"
FUNCTION = """create function refuse() returns trigger language plpgsql as
              $$ begin raise exception 'refused' using errcode = '23503'; end $$"""


async def _progress(pool: Pool) -> AlertProgress:
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,))
    listed = await sql.progress.list_alerts(pool, alert)
    return Meter(ComparedClock()).progress(listed[0], await sql.progress.read_counts(pool, [alert], 1))


async def test_an_alert_that_a_failover_lost_costs_no_other_one_its_history(pool: Pool) -> None:
    """Its figures were not written yet when the record forgot it: they are left out, those of the others are there."""
    progress, history = await _progress(pool), RateHistory(pool)
    history.take(msgspec.structs.replace(progress, alert=uuid4()))
    history.take(progress)
    await history.write()
    assert [(row.lane, row.settled) for row in await sql.rates.read(pool, progress.alert)] == [("tpns", 0)]


async def test_a_history_that_is_refused_ends_nothing(pool: Pool) -> None:
    """What breaks a rule of the table is left out, and the next figures are written."""
    progress, history = await _progress(pool), RateHistory(pool)
    await pool.execute(FUNCTION)
    await pool.execute(TRIGGER)
    history.take(progress)
    await history.write()
    await pool.execute("drop trigger refusing on rate_sample")
    lanes = {lane: msgspec.structs.replace(one, sent=7) for lane, one in progress.lanes.items()}
    history.take(msgspec.structs.replace(progress, lanes=lanes, state="sent"))
    await history.write()
    assert [(row.lane, row.settled) for row in await sql.rates.read(pool, progress.alert)] == [("tpns", 7)]
