"""Stores what the police are told and where: written by triggers in the transaction that causes it, sent by claims.

Each endpoint has a queue of its own. Bounded: `CLAIMED_MAX` events a claim, `MARKED_MAX` a statement; `LISTED_MAX` a
listing. Events of an alert are
deleted with the child's data.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

CLAIMED_MAX: Final = 4
"""Of one authority."""

MARKED_MAX: Final = 1000
"""Events that are written or given up with one statement: done within a tenth of a second."""

LISTED_MAX: Final = 200
CHANNEL: Final = "police_event"
"""Every process hears here that there is something to send (PostgreSQL's NOTIFY)."""

_PUT = query("endpoint_put")
_REMOVE = query("endpoint_remove")
_ENDPOINTS = query("endpoint_list")
_KNOWN = query("endpoint_known")
_DUE = query("police_due")
_CLAIM = query("police_event_claim")
_BACKFILL = query("endpoint_backfill")
_GONE = query("endpoint_gone_mark")
_READS = query("police_reads")
_DELIVERED = query("police_event_delivered")
_FAILED = query("police_event_failed")
_AGAIN = query("police_event_again")
_LIST = query("police_event_list")
_OF_ALERT = query("police_event_of_alert")
_OF_SIGHTINGS = query("police_event_of_sightings")
_UNREACHABLE = query("police_unreachable")


class EndpointRow(msgspec.Struct, frozen=True):
    """Where an authority is told; `passes_on`: `operator` (what one passes on) or `all`."""

    authority: str
    url: str
    passes_on: str
    changed_at: datetime


class ClaimedEvent(msgspec.Struct, frozen=True):
    """An event to send; `attempts` with this one. `secret` is sealed. `id` is the webhook-id.

    `over`: it is of a sighting that nobody passed on, and the search is over.
    """

    id: UUID
    authority: str
    alert_id: UUID
    sighting_id: UUID | None
    event: str
    alert_state: str
    created_at: datetime
    attempts: int
    url: str
    secret: bytes
    case_number: str
    status: str
    over: bool


class EventRow(msgspec.Struct, frozen=True):
    """An event as listed; `dead_at`: since when it is tried no more; `status`: of the last answer."""

    id: UUID
    alert_id: UUID
    sighting_id: UUID | None
    event: str
    created_at: datetime
    try_at: datetime
    attempts: int
    delivered_at: datetime | None
    dead_at: datetime | None
    status: int | None
    error: str | None


class DeliveryRow(msgspec.Struct, frozen=True):
    """How far what the police are told of a sighting has come."""

    sighting_id: UUID
    created_at: datetime
    attempts: int
    delivered_at: datetime | None
    dead_at: datetime | None


async def put_endpoint(connection: Connection, authority: str, url: str, secret: bytes, passes_on: str) -> bool:
    """Set where an authority is told; False when it is unknown or revoked."""
    return await connection.fetchval(_PUT, authority, url, secret, passes_on) is not None


async def remove_endpoint(connection: Connection, authority: str) -> bool:
    """Tell an authority nothing any more; False when it was told nothing."""
    return await connection.fetchval(_REMOVE, authority) is not None


async def endpoints(pool: Pool | Connection) -> list[EndpointRow]:
    """Return where authorities are told."""
    return [EndpointRow(*row) for row in await pool.fetch(_ENDPOINTS, LISTED_MAX)]


async def has_endpoint(pool: Pool | Connection, authority: str) -> bool:
    """Tell whether an authority has an address at which it is told; nothing is sent to one that has none."""
    known: bool = await pool.fetchval(_KNOWN, authority)
    return known


async def due(pool: Pool, but: Sequence[str], limit: int) -> list[str]:
    """Return authorities with something to send now, at most `limit`, without those of `but`."""
    return [row[0] for row in await pool.fetch(_DUE, list(but), limit)]


async def claim(pool: Pool, authority: str, limit: int, held: timedelta) -> list[ClaimedEvent]:
    """Return what is due of an authority, at most `CLAIMED_MAX`, which nobody else tries for `held`."""
    return [ClaimedEvent(*row) for row in await pool.fetch(_CLAIM, authority, min(limit, CLAIMED_MAX), held)]


async def backfill(pool: Pool) -> bool:
    """Write events of up to `MARKED_MAX` sightings that came before an endpoint; False when there is nothing to do."""
    return await pool.fetchval(_BACKFILL, MARKED_MAX) is not None


async def give_up_gone(pool: Pool) -> bool:
    """Mark up to `MARKED_MAX` events for an endpoint that is gone as dead; False when there is nothing to do."""
    return await pool.fetchval(_GONE, MARKED_MAX) is not None


async def may_read(connection: Connection, alert_id: UUID) -> bool:
    """Tell whether the police may still read what strangers saw of an alert: its authority was not revoked."""
    reads: bool = await connection.fetchval(_READS, alert_id)
    return reads


async def delivered(pool: Pool, event: UUID, status: int) -> None:
    """Record that an event was taken."""
    await pool.execute(_DELIVERED, event, status)


async def failed(
    pool: Pool, event: UUID, status: int | None, error: str, again_after: timedelta, within: timedelta, *, final: bool
) -> None:
    """Record that an event was not taken: it is tried again, or dead after `within`, or now where that is final."""
    await pool.execute(_FAILED, event, status, error, again_after, within, final)


async def send_again(connection: Connection, authority: str, event: UUID) -> bool:
    """Let a dead event be sent again; False when there is none such, or nowhere to send it."""
    return await connection.fetchval(_AGAIN, authority, event) is not None


async def listed(pool: Pool | Connection, authority: str, *, dead: bool, limit: int = LISTED_MAX) -> list[EventRow]:
    """Return the newest events of an authority, or only the dead ones."""
    return [EventRow(*row) for row in await pool.fetch(_LIST, authority, dead, min(limit, LISTED_MAX))]


async def of_alert(pool: Pool | Connection, alert_id: UUID) -> list[EventRow]:
    """Return the newest events of an alert."""
    return [EventRow(*row) for row in await pool.fetch(_OF_ALERT, alert_id, LISTED_MAX)]


async def of_sightings(pool: Pool | Connection, sightings: Sequence[UUID]) -> dict[UUID, DeliveryRow]:
    """Return how far what the police are told of sightings has come."""
    return {row[0]: DeliveryRow(*row) for row in await pool.fetch(_OF_SIGHTINGS, list(sightings))}


async def unreachable(pool: Pool) -> set[str]:
    """Return the authorities that did not take an event more than twice, or for a day."""
    return {row[0] for row in await pool.fetch(_UNREACHABLE)}
