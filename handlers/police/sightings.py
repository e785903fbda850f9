"""Where the police saw the child later: which of a case's places counts, and around which others people are asked, too.

The newest place that is confirmed or probable is where the rings are around. Bounded by the places of a case.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from handlers.http.problems import FieldError
from handlers.moments import in_future
from handlers.places import locate_within
from handlers.police.case.checks import LAST_SEEN_MAX
from push.alerts.places import EARLIER_MAX, Centre, Mode
from push.alerts.places.moves import Moves
from push.fanout.areas import Place
from push.message.catalogues.newest_place import with_newest_place
from runtime.clock import record_now

if TYPE_CHECKING:
    from geo.cities import Cities
    from handlers.police.case.case import Case
    from handlers.police.case.details import SeenPlace
    from push.message.content import Content

POSSIBLE: Final = "possible"
UNMOVED: Final = "a place that is only possible moves no area"


class Sightings(msgspec.Struct, frozen=True, kw_only=True):
    """The place that the rings are around, when the child was there, how it moves on, and the places before."""

    place: Place
    seen_at: datetime
    moves: Moves


def place_faults(place: SeenPlace, path: str) -> list[FieldError]:
    """Return what is wrong with the time of a place."""
    faults = in_future(place.at, f"{path}.at")
    if place.at < record_now() - LAST_SEEN_MAX:
        faults.append(FieldError(f"{path}.at", f"more than {LAST_SEEN_MAX.days} days ago: are year and month right?"))
    return faults


def is_trusted(place: SeenPlace) -> bool:
    """Tell whether a place moves the area."""
    return place.confidence != POSSIBLE


def notes_on_places(case: Case) -> list[str]:
    """Return what the sender should know of the case's places."""
    doubtful = [f"$.places[{number}]" for number, place in enumerate(case.places) if not is_trusted(place)]
    return [f"{UNMOVED}: {', '.join(doubtful)}"] if doubtful else []


async def sightings_of(
    case: Case, first: Place, cities: Cities | None, jurisdiction: bytes | None
) -> Sightings | list[FieldError]:
    """Return where the rings of a case are around; `first`: the place of `last_seen`. Or what cannot be meant."""
    errors: list[FieldError] = []
    found: list[tuple[datetime, Place, Mode | None]] = [(case.last_seen.at, first, None)]
    for number, seen in enumerate(case.places):
        path = f"$.places[{number}]"
        errors += place_faults(seen, path)
        if is_trusted(seen):
            place = await locate_within(seen, path, cities, jurisdiction)
            if isinstance(place, list):
                errors += place
            else:
                found.append((seen.at, place, seen.mode))
    if errors:
        return errors
    before, newest = found[0], max(found, key=lambda one: one[0])
    later = sorted((one for one in found[1:] if one is not newest), key=lambda one: one[0], reverse=True)
    others = [*([] if newest is before else [before]), *later[:EARLIER_MAX]]
    place = newest[1]
    whole_city = newest is not before and first.longitude is None
    if whole_city:
        place = msgspec.structs.replace(place, city=first.city, boundary=first.boundary)
    centres = [
        Centre(one.longitude, one.latitude)
        for _, one, _ in others
        if one.longitude is not None and one.latitude is not None
    ]
    return Sightings(
        place=place,
        seen_at=newest[0],
        moves=Moves(
            mode=newest[2],
            # Of a city without coordinates the places are the first that have any.
            earlier=tuple(centres) if place.longitude is not None else (),
            # All of the city without coordinates that is the first place is asked.
            whole_city=whole_city,
        ),
    )


def with_sightings(content: Content, case: Case) -> Content:
    """Return the content that says first where the child was seen after `last_seen`, if it was, and knows when."""
    content = msgspec.structs.replace(content, seen_at=case.last_seen.at)
    newest = max((one for one in case.places if is_trusted(one)), key=lambda one: one.at, default=None)
    if newest is None or newest.at < case.last_seen.at:
        return content
    return with_newest_place(content, newest.at, newest.place)
