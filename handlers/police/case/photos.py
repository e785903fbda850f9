"""Which pictures show who is missing: never those of a companion or a vehicle.

Bounded by the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.http.problems import FieldError

if TYPE_CHECKING:
    from handlers.police.case.case import Case

OTHERS = "this picture stands as that of a companion or a vehicle: it is not that of who is missing"


def pictures_of_missing(case: Case) -> tuple[str, ...]:
    """Return the addresses of the pictures that show who is missing, the first to be shown first."""
    own = [one.photo_url for one in case.missing if one.photo_url is not None]
    return (*own, *(photo.url for photo in case.photos if photo.of == "child"))


def mistaken_photos(case: Case, before: Case | None = None) -> list[FieldError]:
    """Return which pictures stand as those of who is missing, and of somebody else: here, or `before` an update.

    A suspect's picture that goes out as the child's has people look for the wrong person.
    """
    others = {photo.url for one in (case, before) if one is not None for photo in one.photos if photo.of != "child"}
    faults = [
        FieldError(f"$.photos[{place}].of", OTHERS)
        for place, photo in enumerate(case.photos)
        if photo.of == "child" and photo.url in others
    ]
    name = "child" if case.child else "subject"
    return faults + [
        FieldError(f"$.children[{place}].photo_url" if case.children else f"$.{name}.photo_url", OTHERS)
        for place, one in enumerate(case.missing)
        if one.photo_url in others
    ]
