"""Enrolment for exercises: adds users to the list or removes them, with an event that has how many, never who.

Bounded by `sql.enrolment.ENROLLED_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql.audit
import sql.enrolment
from push.notice import Status
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Pool


async def reachable(pool: Pool, status: str) -> int | None:
    """Return how many people at most an alert of this status reaches: an exercise who is enrolled, others anybody."""
    return await sql.enrolment.count(pool) if status == Status.EXERCISE else None


async def change(pool: Pool, users: Sequence[int], by: str, *, enrols: bool) -> int | None:
    """Enrol or withdraw users; returns how many were not before. `by`: who does it.

    None when the list would grow too long: nothing is changed.
    """
    async with pool.acquire() as connection, connection.transaction():
        wanted = set(users)
        there = await sql.enrolment.enrolled_among(connection, [*wanted])
        changed = sorted(wanted - there if enrols else there)
        if not changed:
            return 0
        if not enrols:
            await sql.enrolment.withdraw(connection, changed)
        elif not await sql.enrolment.enrol(connection, changed):
            await sql.enrolment.withdraw(connection, changed)
            return None
        action = "exercise enrolment" if enrols else "exercise withdrawal"
        await sql.audit.append(connection, AuditEvent(actor=by, action=action, details={"users": len(changed)}))
    return len(changed)
