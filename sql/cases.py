"""Reads and replaces the case behind an alert, as the police filed it.

Bounded: one alert at a time; a case is replaced with its alert locked.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

_STANDING = query("case_standing")
_DIGEST = query("case_digest")
_REPLACE = query("case_replace")


class StandingCase(msgspec.Struct, frozen=True):
    """A case with its alert; `case`, `content` and `change_request` (what waits for approval) are JSON text.

    `revision`: that of what waits for approval, or of the alert. Degrees; radius (km) of the widest ring.
    """

    case: str
    digest: bytes
    content: str
    revision: int
    longitude: float | None
    latitude: float | None
    radius_km: float | None
    expires: datetime
    change_request: str | None


async def standing(pool: Pool | Connection, alert_id: UUID) -> StandingCase:
    """Return the case of an alert; LookupError without one."""
    row = await pool.fetchrow(_STANDING, alert_id)
    if row is None:
        raise LookupError("no such alert")
    return StandingCase(*row)


async def digest_of(connection: Connection, alert_id: UUID) -> bytes | None:
    """Return the digest of an alert's case, None when there is none."""
    digest: bytes | None = await connection.fetchval(_DIGEST, alert_id)
    return digest


async def replace(connection: Connection, alert_id: UUID, case: str, digest: bytes) -> None:
    """Replace the case (JSON text) behind a locked alert: filed again, it is the same case."""
    await connection.execute(_REPLACE, alert_id, case, digest)
