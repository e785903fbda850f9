"""The order of rings that overlap: of two units that share a shard one waits, so that nobody gets two messages."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import pytest

import sql.lifecycle
import sql.rings
import sql.work
from push.alerts.places import begins
from sql.rings import RingRow, SweepPlan
from tests.integration.test_claims import LEASE, add_alert, add_authority

if TYPE_CHECKING:
    from sql.database import Pool

SHARDS: Final = 4
STEPS: Final = 120
RINGS_MAX: Final = 12
AT_ONCE: Final = """
select count(*) from sweep s join sweep_unit u on u.sweep_id = s.id
join sweep t on t.alert_id = s.alert_id and t.notice = s.notice and t.lane = s.lane and t.id < s.id
join sweep_unit v on v.sweep_id = t.id and v.shard_from < u.shard_to and v.shard_to > u.shard_from
where u.lease_until > now() and v.lease_until > now() and not u.done and not v.done and not u.entrants
  and not v.entrants and (u.lease_owner <> v.lease_owner or not (u.searched or v.searched))
"""
"""Pairs of units that share a shard and may both be notifying whom they found: of two owners, or of one that has
searched neither."""


async def _add(pool: Pool, alert: UUID, draw: random.Random) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.lifecycle.lock_alert(connection, alert)
        rings = await sql.rings.list_rings(connection, alert)
        if len(rings) >= RINGS_MAX:
            return
        due_at = begins(rings, datetime.now(UTC)) + draw.choice((timedelta(), timedelta(), timedelta(hours=1)))
        row = RingRow(
            ring=rings[-1].ring + 1,
            radius_km=30.0,
            city=False,
            due_at=due_at,
            deadline=due_at + timedelta(minutes=30),
            decided_by="authority sz",
            reason="",
            held=draw.choice((None, None, "audience cap")),
            longitude=draw.choice((114.5, 115.0)),
            latitude=22.5,
            nearness=1,
        )
        await sql.rings.add_rings(connection, alert, [row])
        span = draw.choice((1, 2))
        await sql.rings.add_sweeps(connection, alert, [SweepPlan("alert", row.ring, "tpns", SHARDS, span)])


async def _make_due(pool: Pool, alert: UUID) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.lifecycle.lock_alert(connection, alert)
        rings = await sql.rings.list_rings(connection, alert)
        now = begins(rings, datetime.now(UTC))
        await sql.rings.make_due(connection, alert, len(rings), now, now + timedelta(minutes=30), "me", "why")


async def _release(pool: Pool, alert: UUID) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.lifecycle.lock_alert(connection, alert)
        held = await sql.lifecycle.held_rings(connection, alert)
        await sql.lifecycle.release(connection, alert, 1_000_000, held)


@pytest.mark.parametrize("seed", range(4))
async def test_no_two_units_that_share_a_shard_are_sent_at_once(pool: Pool, seed: int) -> None:
    """Rings around other places are added, planned, held, released and made due, while two processes claim."""
    draw, alert = random.Random(seed), UUID(int=seed + 1, version=4)
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1, 2), units=SHARDS, alert_id=alert)
    await pool.execute("update ring set due_at = due_at + interval '1 hour' where ring = 2")
    owners, held = (uuid4(), uuid4()), {0: set[int](), 1: set[int]()}
    claimed = 0
    for _ in range(STEPS):
        which = draw.randint(0, 1)
        match draw.randint(0, 9):
            case 0 | 1:
                await _add(pool, alert, draw)
            case 2 if draw.random() < 0.3:
                await _make_due(pool, alert)
            case 2 | 3:
                await _release(pool, alert)
            case 4 | 5 if held[which]:
                await sql.work.note_searched(pool, draw.choice([*held[which]]), owners[which], 1)
            case 6 | 7 if held[which]:
                unit = draw.choice([*held[which]])
                await sql.work.finish(pool, unit, owners[which], 1)
                held[which].discard(unit)
            case _:
                sweeps = [one.id for one in await sql.work.open_sweeps(pool, ["tpns"])]
                draw.shuffle(sweeps)
                rows = await sql.work.claim(pool, sweeps, owners[which], LEASE, [*held[which]], draw.randint(1, 2))
                held[which] |= {row.id for row in rows}
                claimed += len(rows)
        assert await pool.fetchval(AT_ONCE) == 0
    assert claimed > SHARDS


async def test_a_later_place_waits_for_no_ring_that_is_not_due_or_held(pool: Pool) -> None:
    """A wide ring that is planned for later, or held before anything of it began, keeps nobody waiting."""
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1, 2, 3), units=1)
    await pool.execute("update ring set due_at = due_at + interval '1 hour' where ring = 2")
    await pool.execute("update ring set held = 'audience cap' where ring = 3")
    await pool.execute("update sweep_unit u set done = true from sweep s where s.id = u.sweep_id and s.ring = 1")
    await _add(pool, alert, random.Random(1))
    await pool.execute("update ring set held = null, due_at = now() where ring = 4")
    [sweep] = await sql.work.open_sweeps(pool, ["tpns"])
    assert sweep.ring == 1, "it is the nearest around its own place"
    [unit, *_] = await sql.work.claim(pool, [sweep.id], uuid4(), LEASE, [], 1)
    assert (unit.ring, unit.nearness, unit.longitude is not None) == (4, 1, True)
