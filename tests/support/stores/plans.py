"""What a query reads of a record with many rows: the plan that PostgreSQL made of it, and the rows it went through.

Bounded by the rows of a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Pool

TIMEOUT_S: Final = 60.0
"""Each alert that is added has its row of several other tables."""


async def add_resting_alerts(pool: Pool, alerts: int, lanes: Sequence[str], units: int) -> None:
    """Add alerts like the one that there is, half of them sent and half over, with sweeps that are closed."""
    await pool.execute(
        """with cases as (
               insert into child_case overriding system value select (jsonb_populate_record(c, jsonb_build_object(
                   'id', nextval(pg_get_serial_sequence('child_case', 'id')), 'case_number', 'other ' || n))).*
               from child_case c, generate_series(1, $1) n returning id
           ), other as (
               insert into alert select (jsonb_populate_record(a, jsonb_build_object(
                   'id', gen_random_uuid(), 'case_id', cases.id, 'next_sweep_at', now() + interval '1 hour',
                   'state', case when cases.id % 2 = 0 then 'sent' else 'expired' end))).*
               from alert a, cases returning id
           ), rings as (
               insert into ring (alert_id, ring, radius_km, city, due_at, deadline, decided_by, reason)
               select other.id, r.ring, r.radius_km, r.city, r.due_at, r.deadline, r.decided_by, r.reason
               from other, ring r returning alert_id, ring
           )
           select from rings""",
        alerts,
        timeout=TIMEOUT_S,
    )
    await pool.execute(
        """with sweeps as (
               insert into sweep (alert_id, notice, ring, lane, open)
               select r.alert_id, 'alert', r.ring, lane, false from ring r, unnest($1::text[]) lane
               where not exists (select from sweep s where s.alert_id = r.alert_id) returning id
           )
           insert into sweep_unit (sweep_id, shard_from, shard_to, done, passes)
           select id, n, n + 1, true, 1 from sweeps, generate_series(0, $2::int - 1) n""",
        list(lanes),
        units,
        timeout=TIMEOUT_S,
    )
    await pool.execute("analyze alert, ring, sweep, sweep_unit")


async def rows_read(pool: Pool, name: str, *values: object) -> int:
    """Return how many rows the plan of a query goes through, all its nodes together; what it changes is undone."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        explained = await connection.fetchval(f"explain (analyze, format json) {query(name)}", *values)
        await transaction.rollback()
    return _rows(msgspec.json.decode(explained)[0]["Plan"])


def _rows(plan: dict[str, Any]) -> int:
    removed = sum(int(plan.get(one, 0)) for one in ("Rows Removed by Filter", "Rows Removed by Join Filter"))
    here = (int(plan["Actual Rows"]) + removed) * int(plan["Actual Loops"])
    return here + sum(_rows(one) for one in plan.get("Plans", []))
