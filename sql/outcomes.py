"""Stores how cases ended, reopens alerts that ended, and counts outcomes.

Bounded: one alert at a time; counts by the words that there are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from uuid import UUID

    from sql.database import Connection, Pool

_KEEP = query("alert_outcome")
_READ = query("outcome_read")
_COUNTS = query("outcome_counts")
_REOPEN = query("alert_reopen")
_REOPENS = query("notice_reopens")
_BEGUN = query("notice_begun")


class OutcomeRow(msgspec.Struct, frozen=True):
    """How a case ended; `after_action` is JSON text."""

    outcome: str | None
    through_alert: bool | None
    after_action: str | None


class OutcomeCount(msgspec.Struct, frozen=True):
    """How many actual alerts ended so."""

    outcome: str | None
    through_alert: bool | None
    alerts: int


class Reopening(msgspec.Struct, frozen=True, kw_only=True):
    """What a reopened alert begins with: its review, when it is sent at the earliest, its expiry, and from when on."""

    review: str
    send_at: datetime | None
    expires: datetime
    at: datetime
    within: timedelta


async def keep(connection: Connection, alert_id: UUID, outcome: str | None, after_action: str | None) -> None:
    """Keep how a case ended (`after_action`: JSON text); None leaves what is kept."""
    await connection.execute(_KEEP, alert_id, outcome, after_action)


async def read(connection: Connection | Pool, alert_id: UUID) -> OutcomeRow | None:
    """Return how a case ended, None without the alert."""
    row = await connection.fetchrow(_READ, alert_id)
    return None if row is None else OutcomeRow(*row)


async def counts(pool: Pool) -> list[OutcomeCount]:
    """Count the actual alerts that ended by how they did; exercises and tests never count."""
    return [OutcomeCount(*row) for row in await pool.fetch(_COUNTS)]


async def reopen(connection: Connection, alert_id: UUID, anew: Reopening) -> None:
    """Let an alert that ended begin again, with another revision; its state and its notices are the caller's."""
    await connection.execute(_REOPEN, alert_id, anew.review, anew.send_at, anew.expires, anew.at, anew.within)


async def reopens(pool: Pool, alert_id: UUID, version: int) -> bool:
    """Tell whether a notice says that an alert goes on which had ended."""
    return bool(await pool.fetchval(_REOPENS, alert_id, version))


async def has_begun(connection: Connection, alert_id: UUID, version: int) -> bool:
    """Tell whether a follow-up notice may have been sent to somebody; until the transaction ends nobody claims it."""
    begun: bool = await connection.fetchval(_BEGUN, alert_id, version)
    return begun
