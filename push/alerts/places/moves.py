"""Widens the rings of a case to where the child may have moved on, and adds those around the places before.

Bounded by the caller's cap and by `EARLIER_MAX`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from push.alerts.places import Centre, Mode, reach_km, reaching, with_city, with_earlier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from push.alerts.rings import Override, Ring
    from push.fanout.areas import Place


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """How a child moves on from its place, where it was before, and whether it was anywhere in the place's city."""

    mode: Mode | None = None
    earlier: tuple[Centre, ...] = ()
    whole_city: bool = False


class Filed(Protocol):
    """What of a case that is filed tells where the child may be."""

    @property
    def place(self) -> Place:
        """Where it was seen last."""

    @property
    def last_seen_at(self) -> datetime:
        """When it was there."""

    @property
    def moves(self) -> Moves:
        """How it moves on."""

    @property
    def override(self) -> Override | None:
        """The area that is asked for instead of the usual one."""


def moved(rings: Sequence[Ring], filed: Filed, received_at: datetime, radius_cap_km: float) -> list[Ring]:
    """Return the rings of a case, of which `rings` are around the newest place."""
    moves, place = filed.moves, filed.place
    planned = [*rings]
    if filed.override is None and moves.mode is not None:
        planned = reaching(planned, reach_km(moves.mode, filed.last_seen_at, received_at), radius_cap_km)
    if moves.whole_city:
        planned = with_city(planned)
    if place.longitude is None or place.latitude is None or not moves.earlier:
        return planned
    return with_earlier(planned, Centre(place.longitude, place.latitude), moves.earlier)
