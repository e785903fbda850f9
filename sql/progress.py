"""Counts of alerts by lane and ring, and the alerts themselves as they are listed.

Bounded: `LIST_LIMIT` alerts a listing; an alert has lanes x rings x 64 units to sum.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sql.query import query
from sql.rings import RingRow

if TYPE_CHECKING:
    from asyncpg import Record

    from sql.database import Connection, Pool

LIST_LIMIT = 200

_LIST = query("alert_list")
_READ = query("progress_read")
_SETTLE = query("alert_settle")
_PING = query("ping")


class ProposedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for approval, without its texts: who wants what and why; `people`: as estimated then."""

    action: str
    by: str
    at: datetime
    reason: str
    radius_km: float | None = None
    city: bool | None = None
    people: int | None = None
    hours: float | None = None


class ListedAlert(msgspec.Struct, frozen=True):
    """An alert as listed, newest first; `estimate` is JSON text.

    `busy`: it looks for late entrants, or sends a follow-up notice. `send_at`: when a scheduled one is
    sent; `through_alert`: whether the child was found because of it; `approvals`: of the present `revision`;
    `unverified`: why a draft's signature is not believed; `unverified_messages`: later ones
    without a verifiable signature.
    """

    id: UUID
    case_number: str
    authority_id: str
    status: str
    state: str
    received_at: datetime
    deadline: datetime
    expires: datetime
    longitude: float | None
    latitude: float | None
    city: str | None
    policy: str
    estimate: str | None
    swept_at: datetime
    sent_at: datetime | None
    verified: bool
    unverified: str | None
    unverified_messages: list[str]
    review: str
    send_at: datetime | None
    version: int
    ended_at: datetime | None
    through_alert: bool | None
    audience_max: int | None
    child_deleted_at: datetime | None
    recipients_deleted_at: datetime | None
    approvals: list[str]
    revision: int
    proposal: ProposedRow | None
    rings: list[RingRow]
    busy: bool

    @property
    def held(self) -> bool:
        """Whether a ring waits for somebody to release it."""
        return any(ring.held is not None for ring in self.rings)

    @property
    def case(self) -> str:
        """Whose case it is, as people name it: two authorities may use one number."""
        return f"{self.authority_id} {self.case_number}"


class Counts(msgspec.Struct, frozen=True):
    """The counts of one sweep: how many of its units are searched and done, and the recipients by outcome."""

    alert_id: UUID
    notice: str
    version: int
    lane: str
    ring: int
    units: int
    units_searched: int
    units_done: int
    found: int
    accepted: int
    invalid: int
    refused: int
    quarantined: int
    failed: int


async def list_alerts(
    pool: Pool | Connection,
    alert_id: UUID | None = None,
    limit: int = LIST_LIMIT,
    *,
    case_number: str | None = None,
    authority: str | None = None,
) -> list[ListedAlert]:
    """Return the alerts that are not over and the newest others, or those asked for."""
    return [_listed(row) for row in await pool.fetch(_LIST, alert_id, limit, case_number, authority)]


def _listed(row: Record) -> ListedAlert:
    fields = dict(row)
    rings = msgspec.json.decode(fields.pop("rings"), type=list[RingRow])
    proposal = fields.pop("proposal")
    proposed = None if proposal is None else msgspec.json.decode(proposal, type=ProposedRow)
    return ListedAlert(**fields, rings=rings, proposal=proposed)


async def read_counts(pool: Pool, alert_ids: list[UUID]) -> list[Counts]:
    """Return the counts of every sweep of these alerts."""
    return [Counts(*row) for row in await pool.fetch(_READ, alert_ids)]


async def settle(connection: Connection, again_after: timedelta) -> list[tuple[UUID, str, str]]:
    """Move alerts as their units and the time say; returns what changed: (alert, state before, state after)."""
    return [(row[0], row[1], row[2]) for row in await connection.fetch(_SETTLE, again_after)]


async def ping(pool: Pool, timeout_s: float) -> None:
    """Ask for a sign of life; raises one of `database.AWAY` without one."""
    await pool.fetchval(_PING, timeout=timeout_s)
