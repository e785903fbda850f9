"""Stores what strangers saw, sealed, and what was decided of it.

Nothing is read without the server's key. What nobody has decided is `new`, and closed as soon as the search is over:
that follows from the alert, so nothing is written of sightings when one ends or goes on. How many there are is kept in
totals. Bounded: `LISTED_MAX` a listing, `STACK_MAX` of a stack, `DECIDED_MAX` decided at once, `PHOTOS_MAX` photos of
each, `ALERTS_MAX` alerts; all of an alert is deleted with the child's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from datetime import timedelta

    from asyncpg import Record

    from sql.database import Connection, Pool

LISTED_MAX: Final = 100
STACK_MAX: Final = 200
DECIDED_MAX: Final = 1000
"""Of a stack with one decision, so that it is done within a second however large the stack of a flood is."""

PHOTOS_MAX: Final = 3
ALERTS_MAX: Final = 1000
ALIKE_BITS: Final = 6
"""In how many of its 64 bits the dHash of a photo may differ from that of one that looks the same."""

NEAREST: Final = "nearest"
NEWEST: Final = "newest"

_ALERT = query("sighting_alert")
_ZONE = query("sighting_zone")
_ADD = query("sighting_add")
_ADD_PHOTO = query("sighting_photo_add")
_LISTS = {NEAREST: query("sighting_list_nearest"), NEWEST: query("sighting_list_newest")}
_STACK = query("sighting_stack")
_READ = query("sighting_read")
_LOCK = query("sighting_lock")
_DECIDE = query("sighting_decide")
_DECIDE_STACK = query("sighting_decide_stack")
_PHOTOS = query("sighting_photos")
_COUNTS = query("sighting_counts")
_KEPT = query("sighting_kept")
_NEW = query("sighting_new")
_UNDECIDED = query("sighting_undecided")
_DISMISSED = query("sighting_dismissed")
_FORGET_PHOTOS = query("sighting_photos_forget")
_SALT = query("sighting_salt")


class SightedAlert(msgspec.Struct, frozen=True):
    """The alert of a page: its place (degrees, WGS-84), None where it is a city's, and its authority.

    `over`: the search is. `deleted`: the child's data is, and nothing is added to it any more. `salt`: of the keys of
    what is, None then.
    """

    id: UUID
    longitude: float | None
    latitude: float | None
    over: bool
    authority: str
    deleted: bool
    salt: UUID | None


class NewSighting(msgspec.Struct, frozen=True, kw_only=True):
    """A sighting to store. `hashes`: of its photos (dHash)."""

    id: UUID
    alert_id: UUID
    receipt: str
    received_at: datetime
    seen_at: datetime | None
    longitude: float | None
    latitude: float | None
    accuracy_m: float | None
    distance_km: float | None
    content: bytes
    said: bytes
    proved: bool
    size_bytes: int
    hashes: Sequence[int] = ()


class PhotoRow(msgspec.Struct, frozen=True):
    """A photo of a sighting; `readable` false: no copy could be made of it. Time and place as the camera wrote them."""

    sighting_id: UUID
    number: int
    readable: bool
    hash: int | None
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    size_bytes: int
    width: int | None
    height: int | None


class SightingRow(msgspec.Struct, frozen=True):
    """A sighting; `content` is sealed. `alike`: how many of its stack were asked about, with itself."""

    id: UUID
    alert_id: UUID
    receipt: str
    received_at: datetime
    state: str
    seen_at: datetime | None
    longitude: float | None
    latitude: float | None
    accuracy_m: float | None
    distance_km: float | None
    content: bytes
    stack: UUID
    proved: bool
    revision: int
    decided_by: str | None
    decided_at: datetime | None
    duplicate_of: UUID | None
    alike: int


class LockedSighting(msgspec.Struct, frozen=True):
    """What a decision depends on."""

    state: str
    revision: int
    stack: UUID
    decided_by: str | None
    decided_at: datetime | None


class WaitingSightings(msgspec.Struct, frozen=True):
    """How many sightings of an alert nobody has decided, and since when the oldest waits."""

    alert_id: UUID
    count: int
    oldest_at: datetime


async def alert_of(connection: Connection, code: str) -> SightedAlert | None:
    """Return the alert of a page, None where there is none; its deletion waits for this transaction."""
    row = await connection.fetchrow(_ALERT, code)
    return None if row is None else SightedAlert(*row)


async def zone_of(connection: Connection, alert_id: UUID) -> str | None:
    """Return the time zone of an alert's place; None where its content names none."""
    zone: str | None = await connection.fetchval(_ZONE, alert_id)
    return zone


async def salt_of(connection: Connection | Pool, alert_id: UUID) -> UUID | None:
    """Return the salt of the keys of what strangers saw of an alert; None once it is deleted."""
    salt: UUID | None = await connection.fetchval(_SALT, alert_id)
    return salt


async def add(connection: Connection, one: NewSighting) -> UUID | None:
    """Store a sighting; returns its stack, None when it was stored before."""
    place = (one.longitude, one.latitude, one.accuracy_m, one.distance_km)
    first = (one.id, one.alert_id, one.receipt, one.received_at, one.seen_at)
    last = (one.content, one.said, list(one.hashes), ALIKE_BITS, one.proved, one.size_bytes)
    stack: UUID | None = await connection.fetchval(_ADD, *first, *place, *last)
    return stack


async def add_photo(connection: Connection, alert_id: UUID, one: PhotoRow) -> None:
    """Store what is known of a photo, after its sighting."""
    known = (one.readable, one.hash, one.taken_at, one.longitude, one.latitude, one.size_bytes, one.width, one.height)
    await connection.execute(_ADD_PHOTO, one.sighting_id, one.number, alert_id, *known)


async def list_stacks(
    pool: Pool | Connection, alert_id: UUID, state: str, order: str, after: int, limit: int = LISTED_MAX
) -> list[SightingRow]:
    """Return one sighting of each stack in a state, `NEAREST` or `NEWEST` first, without the first `after`."""
    return _rows(await pool.fetch(_LISTS[order], alert_id, state, min(limit, LISTED_MAX), after))


async def stack(pool: Pool | Connection, alert_id: UUID, first: UUID) -> list[SightingRow]:
    """Return the sightings that are nearly the same, the first of them first: at most `STACK_MAX`."""
    return _rows(await pool.fetch(_STACK, alert_id, first, STACK_MAX))


async def read(pool: Pool | Connection, alert_id: UUID, sighting: UUID) -> SightingRow | None:
    """Return one sighting, None where the alert has none of this id."""
    row = await pool.fetchrow(_READ, alert_id, sighting)
    return None if row is None else SightingRow(*row)


async def photos(pool: Pool | Connection, sightings: Sequence[UUID]) -> list[PhotoRow]:
    """Return the photos of sightings, those of each in order."""
    return [PhotoRow(*row) for row in await pool.fetch(_PHOTOS, list(sightings))]


async def counts(pool: Pool | Connection, alert_id: UUID) -> dict[str, int]:
    """Return how many sightings of an alert are in which state."""
    return {row[0]: row[1] for row in await pool.fetch(_COUNTS, alert_id)}


async def kept_bytes(pool: Pool | Connection) -> int:
    """Return how many bytes sightings and their objects take, whatever was decided of them."""
    kept: int = await pool.fetchval(_KEPT)
    return kept


async def waiting(pool: Pool | Connection) -> list[WaitingSightings]:
    """Return the alerts with undecided sightings whose search goes on."""
    return [WaitingSightings(*row) for row in await pool.fetch(_NEW, ALERTS_MAX)]


async def undecided(connection: Connection, alert_id: UUID) -> int:
    """Return how many sightings of an alert nobody has decided, whether its search goes on or not."""
    count: int = await connection.fetchval(_UNDECIDED, alert_id)
    return count


async def dismissed(pool: Pool, kept: timedelta, limit: int) -> list[tuple[UUID, UUID]]:
    """Return alert and id of sightings that were dismissed so long ago, have photos, and of which no police know."""
    return [(row[0], row[1]) for row in await pool.fetch(_DISMISSED, kept, limit)]


async def forget_photos(pool: Pool, sighting: UUID) -> None:
    """Forget the photos of a sighting, whose objects were deleted."""
    await pool.execute(_FORGET_PHOTOS, sighting)


async def lock(connection: Connection, alert_id: UUID, sighting: UUID) -> LockedSighting | None:
    """Lock a sighting; None where the alert has none of this id."""
    row = await connection.fetchrow(_LOCK, alert_id, sighting, DECIDED_MAX)
    return None if row is None else LockedSighting(*row)


async def decide(connection: Connection, sighting: UUID, state: str, by: str, duplicate_of: UUID | None) -> None:
    """Record what was decided of a locked sighting."""
    await connection.execute(_DECIDE, sighting, state, by, duplicate_of)


async def decide_stack(
    connection: Connection, first: UUID, without: UUID, state: str, by: str, duplicate_of: UUID | None
) -> int:
    """Record the same of other new ones of a stack, `DECIDED_MAX` with the first; returns how many."""
    decided: int = await connection.fetchval(_DECIDE_STACK, first, without, state, by, duplicate_of, DECIDED_MAX - 1)
    return decided


def _rows(rows: Sequence[Record]) -> list[SightingRow]:
    return [SightingRow(*row) for row in rows]
