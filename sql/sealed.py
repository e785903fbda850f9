"""Stores what is sealed of a case, as ciphertext: it is never read without the server's key.

Bounded: one row a case, as large as a case may be. It is deleted with the child's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sql.query import query

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

_PUT = query("sealed_put")
_CASE = query("sealed_case")
_READ = query("sealed_read")


class SealedRow(NamedTuple):
    """What is sealed of a case."""

    case_id: int
    ciphertext: bytes


async def put(connection: Connection, case_id: int, ciphertext: bytes) -> None:
    """Store what is sealed of a case, in the place of what was."""
    await connection.execute(_PUT, case_id, ciphertext)


async def case_of(connection: Connection, alert_id: UUID) -> int:
    """Return the case of an alert."""
    case_id: int = await connection.fetchval(_CASE, alert_id)
    return case_id


async def read(connection: Connection | Pool, alert_id: UUID) -> SealedRow | None:
    """Return what is sealed of an alert's case, None where nothing is."""
    row = await connection.fetchrow(_READ, alert_id)
    return None if row is None else SealedRow(row[0], row[1])
