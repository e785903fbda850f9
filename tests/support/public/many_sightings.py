"""Floods of sightings, put straight into the record: far more than a test can have reported one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from sql.database import Connection, Pool

FLOOD_S: Final = 120

_FLOOD: Final = """
insert into sighting (id, alert_id, receipt, received_at, content, said, stack, proved, bytes, distance_km)
select id, $1, id::text, now() - n * interval '1 millisecond', 'x', sha256(id::text::bytea), coalesce($3, id), false,
       2000, n % 100
from (select n, gen_random_uuid() as id from generate_series(1, $2::int) n) made
"""


async def flood_record(pool: Pool | Connection, alert: str, count: int, stack: UUID | None = None) -> None:
    """Have an alert have so many undecided sightings more, each a stack of its own unless one is named."""
    await pool.execute(_FLOOD, UUID(alert), count, stack, timeout=FLOOD_S)
