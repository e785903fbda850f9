"""Sightings in the record: listed, opened and decided, each decision with one event of the audit trail.

No event has a word of who reported. Bounded by `sql.sightings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

import sql.audit
import sql.police_events
import sql.sightings
from public.sightings.content import Said, read_said
from public.sightings.decisions import (
    ACTIONS,
    STATES,
    Already,
    Decided,
    Decider,
    Decision,
    NotDecided,
    Outcome,
    SightingState,
    Wanted,
)
from sql.audit import AuditEvent
from sql.police_events import DeliveryRow
from sql.sightings import PhotoRow, SightingRow

if TYPE_CHECKING:
    from uuid import UUID

    from public.sightings.sealing import Sealing
    from sql.database import Connection, Pool
    from sql.sightings import LockedSighting

SKIP_MAX: Final = 100_000
"""So many are skipped at most: more than anybody pages through."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A sighting as operators read it: `said` None where no key of this server opens it."""

    row: SightingRow
    said: Said | None
    photos: Sequence[PhotoRow]
    delivery: DeliveryRow | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the sightings of an alert, and how many are in which state."""

    sightings: list[Sighting]
    counts: dict[SightingState, int]


class Sightings:
    """Reads and decides sightings."""

    def __init__(self, pool: Pool, sealing: Sealing) -> None:
        self._pool = pool
        self._sealing = sealing

    async def list_stacks(self, alert_id: UUID, state: SightingState, order: str, after: int, limit: int) -> Listed:
        """Return one sighting of each stack; `order`: `sql.sightings.NEAREST` or `NEWEST`."""
        async with self._pool.acquire() as connection:
            rows = await sql.sightings.list_stacks(
                connection, alert_id, state.value, order, min(after, SKIP_MAX), limit
            )
            opened = await self._opened(connection, rows)
            counts = await sql.sightings.counts(connection, alert_id)
        return Listed(sightings=opened, counts={one: counts.get(one.value, 0) for one in SightingState})

    async def stack(self, alert_id: UUID, sighting: UUID) -> list[Sighting]:
        """Return the sightings that are nearly the same as one, with it, the first of them first."""
        async with self._pool.acquire() as connection:
            row = await sql.sightings.read(connection, alert_id, sighting)
            rows = [] if row is None else await sql.sightings.stack(connection, alert_id, row.stack)
            return await self._opened(connection, rows)

    async def read(self, alert_id: UUID, sighting: UUID) -> Sighting | None:
        """Return one sighting, None where the alert has none of this id."""
        async with self._pool.acquire() as connection:
            row = await sql.sightings.read(connection, alert_id, sighting)
            return None if row is None else (await self._opened(connection, [row]))[0]

    async def decide(self, alert_id: UUID, sighting: UUID, by: Decider, wanted: Wanted) -> Outcome:
        """Decide one sighting, once."""
        async with self._pool.acquire() as connection, connection.transaction():
            locked = await sql.sightings.lock(connection, alert_id, sighting)
            refused = await _refused(connection, alert_id, sighting, locked, wanted)
            if refused is not None or locked is None:
                return refused or NotDecided.UNKNOWN
            state = STATES[wanted.decision]
            await sql.sightings.decide(connection, sighting, state.value, by.label, wanted.duplicate_of)
            others = await _decide_others(connection, sighting, locked, by, wanted) if wanted.with_stack else 0
            details: dict[str, object] = {"sighting": str(sighting), "revision": locked.revision}
            details |= {} if wanted.duplicate_of is None else {"duplicate_of": str(wanted.duplicate_of)}
            details |= {"others": others} if others else {}
            event = AuditEvent(
                actor=by.label,
                action=ACTIONS[wanted.decision],
                alert=alert_id,
                reason=wanted.reason,
                details=details,
                token=by.token_id,
            )
            await sql.audit.append(connection, event)
        return Decided(state=state, revision=locked.revision + 1, others=others)

    async def _opened(self, connection: Connection, rows: Sequence[SightingRow]) -> list[Sighting]:
        photos: dict[UUID, list[PhotoRow]] = {}
        ids = [row.id for row in rows]
        for photo in await sql.sightings.photos(connection, ids) if ids else []:
            photos.setdefault(photo.sighting_id, []).append(photo)
        salts = {one: await sql.sightings.salt_of(connection, one) for one in {row.alert_id for row in rows}}
        sealings = {one: self._sealing.of(one, salt) for one, salt in salts.items()}
        told = await sql.police_events.of_sightings(connection, ids) if ids else {}
        return [
            Sighting(
                row=row,
                said=read_said(sealings[row.alert_id].open(row.content)),
                photos=photos.get(row.id, ()),
                delivery=told.get(row.id),
            )
            for row in rows
        ]


async def _refused(
    connection: Connection, alert_id: UUID, sighting: UUID, locked: LockedSighting | None, wanted: Wanted
) -> Already | NotDecided | None:
    """Return why nothing is decided, None where nothing speaks against it."""
    if locked is None:
        return NotDecided.UNKNOWN
    if locked.state != SightingState.NEW:
        return Already(
            state=SightingState(locked.state),
            revision=locked.revision,
            by=locked.decided_by or "",
            at=locked.decided_at,
        )
    if locked.revision != wanted.revision:
        return NotDecided.REVISION
    original = wanted.duplicate_of
    if (original is not None) != (wanted.decision is Decision.DUPLICATE) or original == sighting:
        return NotDecided.NO_ORIGINAL
    if original is not None and await sql.sightings.read(connection, alert_id, original) is None:
        return NotDecided.NO_ORIGINAL
    return None


async def _decide_others(
    connection: Connection, sighting: UUID, locked: LockedSighting, by: Decider, wanted: Wanted
) -> int:
    """Decide the other undecided ones of a stack: those of one that is passed on are its duplicates."""
    passed = wanted.decision is Decision.PASS_ON
    state = SightingState.DUPLICATE if passed else STATES[wanted.decision]
    original = sighting if passed else wanted.duplicate_of
    return await sql.sightings.decide_stack(connection, locked.stack, sighting, state.value, by.label, original)
