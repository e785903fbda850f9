"""Stores what the police are told and where: written by triggers in the transaction that causes it, sent by claims.

Bounded: `CLAIMED_MAX` events a claim, `CLAIMED_OF_ONE` of an authority; `LISTED_MAX` a listing. Events of an alert are
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

CLAIMED_MAX: Final = 16
CLAIMED_OF_ONE: Final = 4
"""An authority that does not answer holds back no other."""

LISTED_MAX: Final = 200
CHANNEL: Final = "police_event"
"""Every process hears here that there is something to send (PostgreSQL's NOTIFY)."""

_PUT = query("endpoint_put")
_REMOVE = query("endpoint_remove")
_ENDPOINTS = query("endpoint_list")
_KNOWN = query("endpoint_known")
_CLAIM = query("police_event_claim")
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
    """An event to send; `attempts` with this one. `secret` is sealed. `id` is the webhook-id."""

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


async def claim(pool: Pool, held: timedelta) -> list[ClaimedEvent]:
    """Return events that are due, which nobody else tries for `held`."""
    return [ClaimedEvent(*row) for row in await pool.fetch(_CLAIM, CLAIMED_MAX, CLAIMED_OF_ONE, held)]


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


async def unreachable(pool: Pool, attempts: int) -> dict[str, int]:
    """Return how many events each authority did not take that failed more often than this, or are dead."""
    return {row[0]: row[1] for row in await pool.fetch(_UNREACHABLE, attempts)}
