"""Stores which other authorities share a case: those that its own invited, and those that countersigned it.

Bounded: as many a case as the caller allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from sql.database import Connection, Pool

_ADD = query("invitation_add")
_FIND = query("invitation_find")
_ACCEPT = query("invitation_accept")
_UNITE = query("alert_unite")
_WAKE = query("sweep_wake")


async def invite(connection: Connection, alert_id: UUID, authority: str, invited_max: int) -> bool:
    """Invite an authority; False when it is invited already, or `invited_max` are."""
    return await connection.fetchval(_ADD, alert_id, authority, invited_max) is not None


async def find(
    pool: Pool | Connection, reader: str, filer: str | None, case_number: str, *, countersigned: bool
) -> UUID | None:
    """Return the alert of another authority's case that `reader` is invited to, or shares (`countersigned`).

    `filer`: the authority that filed it, None: any. None when there is none, or more than one.
    """
    found = [row[0] for row in await pool.fetch(_FIND, reader, filer, case_number, countersigned)]
    return found[0] if len(found) == 1 else None


async def countersign(connection: Connection, alert_id: UUID, authority: str) -> bool:
    """Have an invited authority share an alert's case; False when it is not invited, or shares it already."""
    return await connection.fetchval(_ACCEPT, alert_id, authority) is not None


async def unite(
    connection: Connection,
    alert_id: UUID,
    jurisdiction: bytes | None,
    estimate: str | None,
    held: tuple[list[int], str],
    within: timedelta,
) -> None:
    """Have an alert go by another jurisdiction (WKB), and find who comes in anew; every process is woken.

    `estimate`: JSON text, None: as it was. `held`: the rings to hold, and why.
    """
    await connection.execute(_UNITE, alert_id, jurisdiction, estimate, held[0], within, held[1])
    await connection.execute(_WAKE)
