"""Reads the centre of a ring that somebody asks for: a place that can be meant, within the alert's jurisdiction.

Bounded by its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

import sql.rings
from geo.crs import Crs
from handlers.http.problems import UnreadableAuthorityError
from handlers.places import locate_within
from push.alerts.places import Centre
from push.alerts.record.contents import UnreadableAlertError

if TYPE_CHECKING:
    from uuid import UUID

    from handlers.http.problems import FieldError
    from sql.database import Pool


class Asked(Protocol):
    """Degrees in `crs`."""

    @property
    def longitude(self) -> float | None:
        """Degrees in `crs`."""

    @property
    def latitude(self) -> float | None:
        """Degrees in `crs`."""

    @property
    def crs(self) -> Crs:
        """The system of the coordinates."""


class _Where(msgspec.Struct, frozen=True):
    longitude: float | None
    latitude: float | None
    crs: Crs
    city: str | None = None


async def centre_of(pool: Pool, alert_id: UUID, asked: Asked) -> Centre | list[FieldError] | None:
    """Return the centre in WGS-84, or what cannot be meant; None where there is no such alert."""
    try:
        row = await sql.rings.place_of(pool, alert_id)
    except LookupError:
        return None
    where = _Where(asked.longitude, asked.latitude, asked.crs)
    try:
        place = await locate_within(where, "$", None, row.jurisdiction)
    except UnreadableAuthorityError:
        # It is the alert's own copy, which nobody sets anew.
        raise UnreadableAlertError from None
    if isinstance(place, list):
        return place
    return None if place.longitude is None or place.latitude is None else Centre(place.longitude, place.latitude)
