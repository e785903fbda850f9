"""Lists the alerts that may be published, each with its notices in order.

Bounded: `LIST_LIMIT` alerts, none older than a time that the caller gives.
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
    """A published alert. Degrees; polygons as WKB; `content` is JSON text.

    `radius_km` and `whole` (the whole city too): its widest area so far. `notices` and `moments`: its notices in order,
    and when each came. `changes`: when its area was widened, its expiry extended, or its published photo became another
    one, or none. `circles`: around later places, a JSON list of longitude, latitude and radius (km). `photo_tag`: of
    the photo of its page.
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
    circles: str = "[]"
    photo_tag: str | None = None


async def public_alerts(pool: Pool, younger_than: timedelta, alert_id: UUID | None = None) -> list[PublicAlert]:
    """Return the newest alerts that may be published, or the one with `alert_id`."""
    return [PublicAlert(*row) for row in await pool.fetch(_ALERTS, alert_id, younger_than, LIST_LIMIT)]
