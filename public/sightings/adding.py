"""Takes a report into the record, within the caller's transaction: once, however often it is tried.

Bounded: one report, with its photos (`sql.sightings.PHOTOS_MAX`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

import sql.sightings
from geo.area import distance_km
from public.sightings.decisions import SightingState
from public.sightings.intake.inbox import BLOCK_BYTES
from sql.sightings import NewSighting, PhotoRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from public.sightings.content import Report
    from public.sightings.sealing import Sealing
    from sql.database import Connection
    from sql.sightings import SightedAlert

ROW_BYTES: Final = 1024
"""What a sighting takes in the record beside its words, with its indices."""

PLAIN_BITS: Final = 4
"""A photo whose dHash has fewer bits of one kind has hardly any features: it would look like any other such photo."""


class KeptPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """A photo whose original is kept; `readable` false: without a copy. `size_bytes`: of all its objects."""

    number: int
    size_bytes: int
    readable: bool = False
    hash: int | None = None
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    width: int | None = None
    height: int | None = None


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """A sighting that stands in the record; `is_new` false: it did before. `state`: closed where the search is over."""

    alert_id: UUID
    authority: str
    state: SightingState
    is_new: bool


async def add(
    connection: Connection, sealing: Sealing, report: Report, alert: SightedAlert, photos: Sequence[KeptPhoto] = ()
) -> Added:
    """Store a report of an alert that `sql.sightings.alert_of` returned in this transaction."""
    content = sealing.of(alert.id, alert.salt).seal(msgspec.json.encode(report.said))
    folder_bytes = BLOCK_BYTES if photos else 0
    new = NewSighting(
        id=report.id,
        alert_id=alert.id,
        receipt=report.receipt,
        received_at=report.received_at,
        seen_at=report.seen_at,
        longitude=report.longitude,
        latitude=report.latitude,
        accuracy_m=report.accuracy_m,
        distance_km=_distance_km(alert, report),
        content=content,
        said=sealing.digest(alert.id, report.block, _said(report)),
        proved=report.proved,
        size_bytes=ROW_BYTES + len(content) + sum(photo.size_bytes for photo in photos) + folder_bytes,
        hashes=[photo.hash for photo in photos if photo.hash is not None and has_features(photo.hash)],
    )
    is_new = await sql.sightings.add(connection, new) is not None
    if is_new:
        for photo in photos:
            await sql.sightings.add_photo(connection, alert.id, _row(report.id, photo))
    state = SightingState.CLOSED if alert.over else SightingState.NEW
    return Added(alert_id=alert.id, authority=alert.authority, state=state, is_new=is_new)


def _said(report: Report) -> str:
    """Return by what a report is the same as another one of its address block.

    Without words that is itself alone: a block may be a town, and photos are compared as photos. The place counts to
    about a kilometre, as a phone that stays where it is says it a little differently each time.
    """
    if not report.said.what.strip():
        return str(report.id)
    place = "" if report.longitude is None else f"{report.longitude:.2f} {report.latitude:.2f}"
    return f"{report.said.what}\n{report.said.place}\n{place}"


def has_features(difference_hash: int) -> bool:
    """Tell whether a photo can be told from others by its dHash (64 bits, signed)."""
    return PLAIN_BITS <= (difference_hash & (2**64 - 1)).bit_count() <= 64 - PLAIN_BITS


def _row(sighting: UUID, photo: KeptPhoto) -> PhotoRow:
    return PhotoRow(
        sighting,
        photo.number,
        photo.readable,
        photo.hash if photo.hash is not None and has_features(photo.hash) else None,
        photo.taken_at,
        photo.longitude,
        photo.latitude,
        photo.size_bytes,
        photo.width,
        photo.height,
    )


def _distance_km(alert: SightedAlert, report: Report) -> float | None:
    if alert.longitude is None or alert.latitude is None or report.longitude is None or report.latitude is None:
        return None
    return distance_km(alert.longitude, alert.latitude, report.longitude, report.latitude)
