"""Claim the next unit of a lane as a process without work does: by the list of open sweeps, in its order.

Bounded by the sweeps of a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.work
from push.fanout.claims.open_sweeps import OpenSweeps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Pool
    from sql.work import UnitRow


async def claim_next(
    pool: Pool, lane: str, owner: UUID, lease: timedelta, held: Sequence[int], interrupted: Sequence[int] = ()
) -> UnitRow | None:
    """Claim the most urgent unit of a lane; None when there is none."""
    sweeps = OpenSweeps()
    sweeps.replace(await sql.work.open_sweeps(pool, [lane]))
    wanted = sweeps.wanted(1000)
    rows = await sql.work.claim(pool, wanted, owner, lease, held, 1, interrupted)
    return rows[0] if rows else None
