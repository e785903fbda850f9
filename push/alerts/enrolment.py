"""Enrolment for exercises: adds users to the list or removes them, with an event that has how many, never who.

Bounded by `sql.enrolment.ENROLLED_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sql.audit
import sql.enrolment
from push.notice import Status
from sql.audit import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sql.audit import Terminal
    from sql.database import Pool


WITHDRAWAL: Final = "exercise withdrawal"


async def reachable(pool: Pool, status: str) -> int | None:
    """Return how many people at most an alert of this status reaches: an exercise who is enrolled, others anybody."""
    return await sql.enrolment.count(pool) if status == Status.EXERCISE else None


async def enrol(
    pool: Pool,
    users: Sequence[int],
    by: str,
    consented_at: datetime,
    *,
    token: int | None = None,
    terminal: Terminal | None = None,
    reason: str = "",
) -> int | None:
    """Enrol users who agreed at that time; returns how many were not before. `by`: who says so.

    None when the list would grow too long: nothing is changed.
    """
    async with pool.acquire() as connection, connection.transaction():
        wanted = set(users)
        there = await sql.enrolment.enrolled_among(connection, [*wanted])
        changed = sorted(wanted - there)
        if not await sql.enrolment.enrol(connection, sorted(wanted), consented_at):
            await sql.enrolment.withdraw(connection, changed)
            return None
        if changed:
            details = {"users": len(changed), "consented_at": consented_at.isoformat(timespec="seconds")}
            event = AuditEvent(
                actor=by,
                action="exercise enrolment",
                details=details,
                token=token,
                terminal=terminal,
                reason=reason,
            )
            await sql.audit.append(connection, event)
    return len(changed)


async def withdraw(
    pool: Pool,
    users: Sequence[int],
    by: str,
    *,
    token: int | None = None,
    terminal: Terminal | None = None,
    reason: str = "",
) -> int:
    """Withdraw users; returns how many were enrolled. `by`: who does it."""
    async with pool.acquire() as connection, connection.transaction():
        there = sorted(await sql.enrolment.enrolled_among(connection, [*set(users)]))
        if there:
            await sql.enrolment.withdraw(connection, there)
            details = {"users": len(there)}
            event = AuditEvent(
                actor=by, action=WITHDRAWAL, details=details, token=token, terminal=terminal, reason=reason
            )
            await sql.audit.append(connection, event)
    return len(there)


async def withdraw_all(
    pool: Pool, by: str, reason: str, *, token: int | None = None, terminal: Terminal | None = None
) -> int:
    """Withdraw everybody, so that exercises reach nobody from the next batch on; returns how many they were."""
    async with pool.acquire() as connection, connection.transaction():
        gone = await sql.enrolment.withdraw_all(connection)
        event = AuditEvent(
            actor=by,
            action=WITHDRAWAL,
            reason=reason,
            details={"users": gone, "all": True},
            token=token,
            terminal=terminal,
        )
        await sql.audit.append(connection, event)
    return gone
