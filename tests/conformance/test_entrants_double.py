"""The double of what the record has of late entrants answers as the real one does: the same calls, drawn at random."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

import sql.entrants
import sql.forgotten
import sql.ledger
import sql.lifecycle
import sql.work
from sql.entrants import RowKey
from tests.conformance.test_store_doubles import GAPS, LANES, OWNERS, STEP_KINDS, UNITS, file_alert
from tests.integration.test_claims import add_authority
from tests.support.stores.both_records import BothRecords, UnitId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sql.database import Pool

STEPS: Final = 150
USERS: Final = range(12)
ALL: Final = 1000


async def _note(both: BothRecords) -> None:
    draw = both.random
    pairs = [(alert, user) for alert in both.alerts for user in USERS]
    chosen = draw.sample(pairs, draw.randint(1, 6))
    alerts, users = [alert for alert, _ in chosen], [user for _, user in chosen]
    await both.call(
        sql.entrants.note, draw.choice((*LANES, "no lane")), alerts, users, [user % UNITS for user in users]
    )


async def _claimed(
    pool: Pool, lane: str, owner: UUID, lease: timedelta, held: list[int], renewed: list[int], parked: list[int]
) -> list[sql.work.UnitRow]:
    rows = await sql.entrants.claim(pool, lane, owner, lease, held, renewed, parked, ALL)
    return sorted((msgspec.structs.replace(row, sweep_id=0) for row in rows), key=lambda row: row.alert_id)


async def _claim(both: BothRecords) -> None:
    draw, tables = both.random, both.double.tables
    units = [UnitId(own) for own, there in both.units.items() if tables.units[there].entrants]
    held = draw.sample(units, draw.randint(0, len(units)))
    renewed, parked = draw.sample(held, draw.randint(0, len(held))), draw.sample(units, draw.choice((0, 0, 1)))
    lease = timedelta(seconds=draw.choice((3600, -1)))
    rows = await both.call(_claimed, draw.choice(LANES), draw.choice(OWNERS), lease, held, renewed, parked)
    assert all(row.entrants for row in rows)


async def _due(pool: Pool, lane: str, alerts: list[UUID], without: list[int]) -> list[sql.entrants.Entrant]:
    return sorted(await sql.entrants.due(pool, lane, alerts, without, ALL), key=lambda one: one.entry)


async def _work(both: BothRecords) -> None:
    draw = both.random
    alerts = draw.sample(both.alerts, draw.randint(1, len(both.alerts)))
    found = await both.call(_due, draw.choice(LANES), alerts, [])
    await both.call(_due, draw.choice(LANES), alerts, [one.entry for one in found[:1]])
    some = draw.sample(found, draw.randint(0, len(found)))
    if draw.random() < 0.5:
        # As of somebody who entered anew meanwhile.
        some = [msgspec.structs.replace(one, entry=one.entry - draw.randint(0, 1)) for one in some]
    if draw.random() < 0.5:
        await both.call(sql.entrants.put_off, some, timedelta(seconds=draw.choice((-1, 3600))))
    else:
        await both.call(sql.entrants.remove, some)


async def _pending(pool: Pool, alert: UUID, shard_from: int, shard_to: int) -> list[int]:
    return sorted(await sql.entrants.pending(pool, alert, shard_from, shard_to))


async def _settled(pool: Pool, lane: str, alerts: Sequence[UUID], shards: Sequence[int], gap: timedelta) -> list[Any]:
    return sorted(await sql.entrants.settled(pool, lane, alerts, shards, gap), key=repr)


async def _recipients(pool: Pool, keys: Sequence[RowKey]) -> list[Any]:
    return sorted(await sql.entrants.recipients(pool, keys), key=repr)


def _has_ended(both: BothRecords, alert: UUID) -> bool:
    return both.double.tables.alerts[alert].state in {"found", "cancelled", "expired", "closed"}


async def _look(both: BothRecords) -> None:
    draw, lane = both.random, both.random.choice(LANES)
    pairs = {(draw.choice(both.alerts), draw.randrange(UNITS)) for _ in range(4)}
    alerts, shards = zip(*pairs, strict=True)
    await both.call(_pending, alerts[0], *sorted((shards[0], UNITS)))
    owner = draw.choice(OWNERS)
    # Of an alert that ended nobody asks: its sweeps may be closed by then, and the double closes none.
    if live := [pair for pair in zip(alerts, shards, strict=True) if not _has_ended(both, pair[0])]:
        await both.call(sql.entrants.busy, lane, *zip(*live, strict=True), owner)
    some = draw.sample(both.batches, min(2, len(both.batches)))
    await both.call(_recipients, [RowKey(row.alert_id, row.shard_from, row.batch_id, row.outcome) for row in some])
    await both.call(_settled, lane, alerts, shards, draw.choice(GAPS))


async def _end(both: BothRecords) -> None:
    draw = both.random
    match draw.randint(0, 5):
        case 0 | 1:
            await both.call(sql.entrants.shown, draw.sample(both.alerts, 1))
        case 2:
            await both.call(sql.entrants.tidy, ALL)
        case 3:
            await both.call(sql.forgotten.add, draw.sample(USERS, 2))
        case 4:
            await both.call(sql.work.release, draw.choice(OWNERS))
        case _:
            await both.within(sql.lifecycle.move, draw.choice(both.alerts), draw.choice(("sending", "sent", "paused")))


OWN_KINDS: Final = (_note, _note, _claim, _claim, _work, _work, _look, _end)


@pytest.mark.parametrize("seed", range(4))
async def test_late_entrants_are_the_same_in_the_record_and_in_its_double(pool: Pool, seed: int) -> None:
    """Entries, claims that follow the rings, waits, removals, what the ledger has: each answer, each row after it."""
    both = BothRecords(pool, seed)
    await add_authority(pool)
    both.double.tables.authorities["sz"] = "auto", 60
    # The table may have had entries before.
    both.double.tables.entry = await pool.fetchval(
        "select case when is_called then last_value else 0 end from entrant_entry_seq"
    )
    await file_alert(both)
    for step in range(STEPS):
        if step in {STEPS // 4, STEPS // 2}:
            await file_alert(both)
        kinds = OWN_KINDS if both.random.random() < 0.6 else STEP_KINDS
        await both.random.choice(kinds)(both)
        await both.compare()
