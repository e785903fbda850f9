"""The bodies of what the police are told, made of what the record has when they are sent.

Bounded by a sighting.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from public.sightings.police.links import VALID_S, PhotoLink

if TYPE_CHECKING:
    from public.sightings.police.links import PhotoLinks
    from public.sightings.record import Sighting
    from sql.police_events import ClaimedEvent


class PhotoToPolice(msgspec.Struct, frozen=True, kw_only=True):
    """A photo: the original as it came, with its metadata, and a copy without; both addresses end at `expires_at`."""

    original: str
    copy: str | None
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None


class SightingToPolice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw; degrees in WGS-84. `passed_by`: which operator passed it on, null where all are."""

    id: UUID
    receipt: str
    received_at: datetime
    seen_at: datetime | None
    what: str
    place: str
    contact: str
    longitude: float | None
    latitude: float | None
    accuracy_m: float | None
    distance_km: float | None
    passed_by: str | None
    photos: list[PhotoToPolice]
    photos_until: datetime


class EventToPolice(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `state`: of the alert when it was written. `status`: actual, exercise or test."""

    type: str
    at: datetime
    alert: UUID
    case_number: str
    status: str
    state: str
    sighting: SightingToPolice | None = None


def body_of(event: ClaimedEvent, sighting: Sighting | None, links: PhotoLinks, base_url: str, now: datetime) -> bytes:
    """Return the body of an event; addresses of photos begin with `base_url`."""
    told = None if sighting is None else _sighting(event.alert_id, sighting, links, base_url, now)
    return msgspec.json.encode(
        EventToPolice(
            type=event.event,
            at=event.created_at,
            alert=event.alert_id,
            case_number=event.case_number,
            status=event.status,
            state=event.alert_state,
            sighting=told,
        )
    )


def _sighting(alert: UUID, sighting: Sighting, links: PhotoLinks, base_url: str, now: datetime) -> SightingToPolice:
    row, said = sighting.row, sighting.said
    expires_s = int(now.timestamp()) + VALID_S
    photos = []
    for photo in sighting.photos:
        token = links.token(PhotoLink(alert, row.id, photo.number, expires_s))
        address = f"{base_url}/v1/sightings/photos/{token}"
        photos.append(
            PhotoToPolice(
                original=address,
                copy=f"{address}?copy=1" if photo.readable else None,
                taken_at=photo.taken_at,
                longitude=photo.longitude,
                latitude=photo.latitude,
            )
        )
    return SightingToPolice(
        id=row.id,
        receipt=row.receipt,
        received_at=row.received_at,
        seen_at=row.seen_at,
        what="" if said is None else said.what,
        place="" if said is None else said.place,
        contact="" if said is None else said.contact,
        longitude=row.longitude,
        latitude=row.latitude,
        accuracy_m=row.accuracy_m,
        distance_km=row.distance_km,
        passed_by=row.decided_by if row.state == "passed" else None,
        photos=photos,
        photos_until=datetime.fromtimestamp(expires_s, now.tzinfo),
    )
