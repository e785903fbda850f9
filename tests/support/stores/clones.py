"""Many alerts like one that was sent: rows copied in the record, because to file and send hundreds takes minutes.

Bounded by the caller's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

CLONE = """
with twin as (select n, gen_random_uuid() as id from generate_series(1, $2::int) n),
filed as (
    insert into child_case overriding system value
    select (jsonb_populate_record(null::child_case, to_jsonb(c)
            || jsonb_build_object('id', c.id + twin.n, 'case_number', 'C-' || twin.n))).*
    from child_case c join alert a on a.case_id = c.id, twin where a.id = $1),
alerts as (
    insert into alert select (jsonb_populate_record(null::alert, to_jsonb(a)
            || jsonb_build_object('id', twin.id, 'case_id', a.case_id + twin.n, 'jurisdiction', $3::text))).*
    from alert a, twin where a.id = $1),
rings as (
    insert into ring select (jsonb_populate_record(null::ring, to_jsonb(r)
            || jsonb_build_object('alert_id', twin.id))).*
    from ring r, twin where r.alert_id = $1),
notices as (
    insert into notice select (jsonb_populate_record(null::notice, to_jsonb(o)
            || jsonb_build_object('alert_id', twin.id))).*
    from notice o, twin where o.alert_id = $1),
sweeps as (
    insert into sweep overriding system value
    select (jsonb_populate_record(null::sweep, to_jsonb(s)
            || jsonb_build_object('id', 1000000 + s.id * 1000 + twin.n, 'alert_id', twin.id))).*
    from sweep s, twin where s.alert_id = $1 returning id)
insert into sweep_unit overriding system value
select (jsonb_populate_record(null::sweep_unit, to_jsonb(u)
        || jsonb_build_object('id', 1000000 + u.id * 1000 + twin.n,
                              'sweep_id', 1000000 + u.sweep_id * 1000 + twin.n))).*
from sweep_unit u join sweep s on s.id = u.sweep_id, twin where s.alert_id = $1
"""


async def clone(deployment: Deployment, alert: str, number: int, jurisdiction: bytes) -> None:
    """Copy a sent alert so many times, each within a jurisdiction (WKB)."""
    connection = await asyncpg.connect(deployment.database_url)
    # Rows that refer to one another in one statement are looked at when it ends.
    await connection.execute("set session_replication_role = replica")
    await connection.execute(CLONE, alert, number, f"\\x{jurisdiction.hex()}")
    await connection.close()
