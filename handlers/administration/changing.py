"""A change by an administrator: who wants it and why, and its transaction, which a refusal undoes.

Bounded: one transaction a change; its event is the last statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

import sql.access
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from sql.audit import AuditEvent, Terminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sql.database import Connection, Pool

T = TypeVar("T")


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Who administers, as the audit trail names them: with a token, or at the terminal of a command; and why."""

    actor: str
    token: int | None = None
    terminal: Terminal | None = None
    reason: str = ""

    def event(self, action: str, **details: object) -> AuditEvent:
        """Return the event of something that they do."""
        return AuditEvent(
            actor=self.actor,
            action=action,
            reason=self.reason,
            details=details,
            token=self.token,
            terminal=self.terminal,
        )

    def as_theirs(self, event: AuditEvent) -> AuditEvent:
        """Return an event about an alert that their change caused, with who they are."""
        return msgspec.structs.replace(event, token=self.token, terminal=self.terminal)


async def changed(pool: Pool, by: Administrator, work: Callable[[Connection], Awaitable[T | Refusal]]) -> T | Refusal:
    """Commit what `work` does; where it refuses, or their token was revoked meanwhile, nothing is changed."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            result = await _done(connection, by, work)
        except BaseException:
            await transaction.rollback()
            raise
        if isinstance(result, Refusal):
            await transaction.rollback()
        else:
            await transaction.commit()
        return result


async def _done(
    connection: Connection, by: Administrator, work: Callable[[Connection], Awaitable[T | Refusal]]
) -> T | Refusal:
    if by.token is not None and not await sql.access.is_valid_token(connection, by.token):
        return Refusal(ProblemCode.UNAUTHORIZED, "the token is over or revoked")
    return await work(connection)
