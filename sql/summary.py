"""Reads what the public summary of an alert holds: place, times and counts, nothing of the case.

Bounded: five counts for each kind of notice; `CHANGES_MAX` of the actions bounds the notices.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from sql.database import Connection, Pool

_ALERT = query("summary_alert")
_COUNTS = query("summary_counts")
_NOTICES = query("summary_notices")


class SummaryRow(msgspec.Struct, frozen=True):
    """An alert. Degrees; `city` and `radius_km` are those of the widest ring that was searched."""

    id: UUID
    status: str
    state: str
    received_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    through_alert: bool | None
    longitude: float | None
    latitude: float | None
    city: str | None
    radius_km: float | None
    subject_kind: str


class NoticeCounts(msgspec.Struct, frozen=True):
    """The recipients of one kind of notice by outcome, over all lanes, rings and versions."""

    notice: str
    accepted: int
    invalid: int
    refused: int
    quarantined: int
    failed: int


class NoticeRow(msgspec.Struct, frozen=True):
    """A notice of an alert, and when it came."""

    notice: str
    version: int
    at: datetime


async def alert(pool: Pool | Connection, alert_id: UUID) -> SummaryRow | None:
    """Return an alert, None when there is none."""
    row = await pool.fetchrow(_ALERT, alert_id)
    return None if row is None else SummaryRow(*row)


async def counts(pool: Pool | Connection, alert_id: UUID, step: int) -> list[NoticeCounts]:
    """Return the counts of an alert by kind of notice; late entrants, one by one, are rounded down to `step`."""
    return [NoticeCounts(*row) for row in await pool.fetch(_COUNTS, alert_id, step)]


async def notices(pool: Pool | Connection, alert_id: UUID) -> list[NoticeRow]:
    """Return the notices of an alert, in order."""
    return [NoticeRow(*row) for row in await pool.fetch(_NOTICES, alert_id)]
