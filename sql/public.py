"""The alerts that may be published, each with its notices in order.

Bounded: `LIST_LIMIT` alerts, none older than the caller says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from sql.database import Pool

LIST_LIMIT: Final = 200

_ALERTS = query("public_alerts")


class PublicAlert(msgspec.Struct, frozen=True):
    """An alert; degrees, polygons as WKB, `content` is JSON text.

    `radius_km` and `whole` (with the city's polygon): the widest area that has been searched by now. `notices` and
    `moments`: everything said, the first message first, and when; `changes`: when it got wider, or a longer life.
    """

    id: UUID
    state: str
    received_at: datetime
    expires: datetime
    longitude: float | None
    latitude: float | None
    city: str | None
    city_polygon: bytes | None
    jurisdiction: bytes | None
    content: str
    ended_at: datetime | None
    radius_km: float | None
    whole: bool
    notices: list[str]
    moments: list[datetime]
    changes: list[datetime]


async def public_alerts(pool: Pool, younger_than: timedelta, alert_id: UUID | None = None) -> list[PublicAlert]:
    """Return the newest alerts that may be published, or the one asked for."""
    return [PublicAlert(*row) for row in await pool.fetch(_ALERTS, alert_id, younger_than, LIST_LIMIT)]
