"""Holds the notices of ends, `found` and `cancel`, until somebody says whether they go on.

Bounded: as many alerts as are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sql.query import query

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

_NOTICES_TO_HOLD = query("notices_to_hold")
_NOTICES_HELD = query("notices_held")
_NOTICES_OF_FILER = query("notices_of_filer")
_NOTICE_HOLD = query("notice_hold")
_NOTICE_RESUME = query("notice_resume")


async def notices_to_hold(pool: Pool, limit: int) -> list[tuple[UUID, str]]:
    """Return the alerts that ended whose notice may still reach somebody, and is not held, with their cases."""
    return [(row[0], row[1]) for row in await pool.fetch(_NOTICES_TO_HOLD, limit)]


async def notices_held(pool: Pool, limit: int) -> list[tuple[UUID, str]]:
    """Return the alerts that ended whose notice is held, with their cases, unless who said that end was revoked."""
    return [(row[0], row[1]) for row in await pool.fetch(_NOTICES_HELD, limit)]


async def notices_of_filer(
    connection: Connection, actor: str | None, token: int | None, certificate: str | None = None
) -> list[UUID]:
    """Lock and return the alerts whose end an actor said, or a token, and whose notice may still reach somebody.

    `certificate`: of those alone that have a message which it signed.
    """
    return [row[0] for row in await connection.fetch(_NOTICES_OF_FILER, actor, token, certificate)]


async def hold_notice(connection: Connection, alert_id: UUID) -> None:
    """Hold the notice of an alert's end."""
    await connection.execute(_NOTICE_HOLD, alert_id)


async def resume_notice(connection: Connection, alert_id: UUID) -> None:
    """Let the held notice of an alert's end go on."""
    await connection.execute(_NOTICE_RESUME, alert_id)
