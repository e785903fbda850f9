"""What is asked and answered about sightings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from handlers.action_requests import Reason
from handlers.alert_answers import Answer
from public.sightings.decisions import Decision, SightingState
from sql.sightings import LISTED_MAX

if TYPE_CHECKING:
    from public.sightings.record import Sighting


class SightingsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sightings are asked for; `like`: those of the stack of this one, whatever was decided of them."""

    state: SightingState = SightingState.NEW
    order: Literal["newest", "nearest"] = "newest"
    after: Annotated[int, Meta(ge=0, le=100_000)] = 0
    limit: Annotated[int, Meta(ge=1, le=LISTED_MAX)] = 50
    like: UUID | None = None


class SightingPhoto(Answer, frozen=True, kw_only=True):
    """A photo of a sighting: `readable`: there is a copy to look at. Time and place (degrees, WGS-84) by its camera."""

    number: int
    readable: bool
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    width: int | None
    height: int | None


class SightingDelivery(Answer, frozen=True, kw_only=True):
    """How far it has come to the police; `dead_at`: since when it is tried no more."""

    attempts: int
    delivered_at: datetime | None
    dead_at: datetime | None


class ShownSighting(Answer, frozen=True, kw_only=True):
    """A sighting; `readable` false: no key of this server opens its words.

    `alike`: how many of its stack there are, with itself: in a list by state those in that state. `distance_km`: from
    the alert's place. `proved`: it came with a proof of work. `accuracy_m`: of the place, as the phone says.
    `delivery`: null where the police are not told of it.
    """

    id: UUID
    receipt: str
    state: SightingState
    revision: int
    received_at: datetime
    seen_at: datetime | None
    readable: bool
    what: str
    place: str
    contact: str
    language: str
    longitude: float | None
    latitude: float | None
    accuracy_m: float | None
    distance_km: float | None
    alike: int
    proved: bool
    photos: list[SightingPhoto]
    decided_by: str | None
    decided_at: datetime | None
    duplicate_of: UUID | None
    delivery: SightingDelivery | None = None


class SightingsAnswer(Answer, frozen=True, kw_only=True):
    """A page of sightings; `next`: what `after` is for the next one, null at the end. `counts`: of all, by state."""

    sightings: list[ShownSighting]
    next: int | None
    counts: dict[SightingState, int]


class SightingDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided of the `revision` that was read.

    `with_stack`: of all others of its stack that nobody has decided, too; those of one that is passed on become
    duplicates. `duplicate_of`: with `duplicate` alone. A dismissal has a reason.
    """

    decision: Decision
    revision: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    reason: Reason | None = None
    duplicate_of: UUID | None = None
    with_stack: bool = False


def shown(one: Sighting) -> ShownSighting:
    """Return a sighting as it is answered."""
    row, said, told = one.row, one.said, one.delivery
    return ShownSighting(
        id=row.id,
        receipt=row.receipt,
        state=SightingState(row.state),
        revision=row.revision,
        received_at=row.received_at,
        seen_at=row.seen_at,
        readable=said is not None,
        what="" if said is None else said.what,
        place="" if said is None else said.place,
        contact="" if said is None else said.contact,
        language="" if said is None else said.language,
        longitude=row.longitude,
        latitude=row.latitude,
        accuracy_m=row.accuracy_m,
        distance_km=row.distance_km,
        alike=row.alike,
        proved=row.proved,
        photos=[
            SightingPhoto(
                number=photo.number,
                readable=photo.readable,
                taken_at=photo.taken_at,
                longitude=photo.longitude,
                latitude=photo.latitude,
                width=photo.width,
                height=photo.height,
            )
            for photo in one.photos
        ],
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        duplicate_of=row.duplicate_of,
        delivery=None
        if told is None
        else SightingDelivery(attempts=told.attempts, delivered_at=told.delivered_at, dead_at=told.dead_at),
    )
