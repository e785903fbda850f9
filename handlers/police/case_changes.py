"""Makes a change of the case as it is known now: texts written anew, the picture, the case for the record.

Bounded by the case.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from handlers.police.case.case import kept, read_case
from handlers.police.case.checks import notes_on_addresses
from handlers.police.case.merging import merged, parts_of
from handlers.police.case.photos import pictures_of_missing
from handlers.police.wording import content_of
from push.alerts.actions.case_changes import Asked
from push.alerts.actions.proposals import CaseChange, Part, change_request_of
from push.alerts.record.contents import read_content
from push.message.catalogues.newest_place import said_again
from push.message.content import Content

if TYPE_CHECKING:
    from handlers.http.problems import FieldError
    from handlers.police.case.case import Case
    from handlers.police.case.update import CaseUpdate
    from sql.cases import StandingCase

OF_THE_ALERT: Final = frozenset({"photo_url", "deep_link", "web_link", "page_link", "time_zone", "seen_at", "newest"})
"""Fields of the content that are not written anew from the case."""

PATHS: Final = {Part.EXPIRES: "$.expires", Part.AREA: "$.area"}


def asked_by(update: CaseUpdate, body: bytes, standing: StandingCase) -> Asked | list[FieldError]:
    """Return what an update asks for; what waits for approval is part of it, where it was made of the same case."""
    pending = pending_change(standing)
    base = read_case(standing.case.encode())
    upon = None if pending is None or pending.base != standing.digest else pending.case
    result = merged(upon or standing.case, body)
    if isinstance(base, list) or isinstance(result, list):
        return result if isinstance(result, list) else base if isinstance(base, list) else []
    stands = read_content(standing.content)
    case, parts = result.case, _parts(base, result.case, pending if upon is not None else None)
    content, changed = _content(base, case, stands)
    notes = [*result.notes, *_notes_on_photo(case, stands, content)] if Part.PHOTO in parts else [*result.notes]
    if "texts" in changed and stands.texts.keys() == content.texts.keys() and _is_reworded(base, stands):
        notes.append("$.texts: the wording that an operator gave the alert is replaced")
    expires = update.expires or (None if upon is None or pending is None else pending.expires)
    area = None if upon is None or pending is None else pending.area
    encoded = kept(case)
    built_on = base if upon is None else read_case(upon.encode())
    before, now = (_first_picture(one) for one in (base if isinstance(built_on, list) else built_on, case))
    requested = CaseChange(
        parts=(
            *parts,
            *((Part.EXPIRES,) if expires is not None else ()),
            *((Part.AREA,) if area is not None else ()),
        ),
        base=standing.digest,
        case=encoded.decode(),
        digest=hashlib.sha256(encoded).digest(),
        content=content,
        changed=changed,
        expires=expires,
        area=area,
        photo=pending.photo if pending is not None and upon is not None and before == now else None,
    )
    waits = None if standing.change_request is None else standing.revision
    return Asked(
        requested=requested,
        upon=waits,
        builds=upon is not None,
        paths=PATHS,
        notes=tuple(notes),
        photo_url=now if before != now else None,
    )


def photo_of(photo: bytes, standing: StandingCase) -> Asked:
    """Return the change that a photo of who is missing is, with what waits for approval, where that is of the case."""
    pending = pending_change(standing)
    builds = pending is not None and pending.base == standing.digest
    requested = pending if builds and pending is not None else CaseChange(parts=(), base=standing.digest)
    parts = tuple(part for part in Part if part in {*requested.parts, Part.PHOTO})
    waits = None if standing.change_request is None else standing.revision
    return Asked(requested=replace(requested, parts=parts), upon=waits, builds=builds, paths=PATHS, photo=photo)


def pending_change(standing: StandingCase) -> CaseChange | None:
    """Return the change of the case that waits for approval, None where none does, or another change."""
    requested = None if standing.change_request is None else change_request_of(standing.change_request)
    return requested if isinstance(requested, CaseChange) else None


def _parts(base: Case, case: Case, upon: CaseChange | None) -> tuple[Part, ...]:
    """Return which parts of the case are other than before; of what waits also the photo, which is in no case."""
    given = {Part.PHOTO} if upon is not None and upon.photo is not None else set()
    return tuple(part for part in Part if part in {*parts_of(base, case), *given})


def _content(base: Case, case: Case, stands: Content) -> tuple[Content, tuple[str, ...]]:
    """Return what phones are to show, and which fields of that are other than before.

    What the case does not change stays as the alert has it, where an operator has worded it otherwise.
    """
    old, new = content_of(base, stands.time_zone), content_of(case, stands.time_zone)
    names = [name for name in Content.__struct_fields__ if name not in OF_THE_ALERT]
    changed = [name for name in names if getattr(old, name) != getattr(new, name)]
    photo = _photo(base, case, stands)
    if photo != stands.photo_url:
        changed.append("photo_url")
    return replace(new, photo_url=photo), tuple(changed)


def _first_picture(case: Case) -> str | None:
    """Return the address of the picture that the page of a case shows."""
    return next(iter(pictures_of_missing(case)), None)


def _photo(base: Case, case: Case, stands: Content) -> str | None:
    """Return the picture that phones are to show: a new one of who is missing, else the one that they show now."""
    before, own = pictures_of_missing(base), pictures_of_missing(case)
    fresh = [one for one in own if one not in before]
    if fresh or not own:
        return fresh[0] if fresh else None
    return stands.photo_url if stands.photo_url in own and own[0] == before[0] else own[0]


def _notes_on_photo(case: Case, stands: Content, content: Content) -> list[str]:
    """Return what is to be known of the pictures of an update."""
    notes = notes_on_addresses([] if content.photo_url is None else [content.photo_url])
    if content.photo_url is None and stands.photo_url is not None:
        notes.append("phones show no photo any more: none is of who is missing")
    others = [place for place, photo in enumerate(case.photos) if photo.of != "child"]
    return notes + [f"$.photos[{place}]: phones do not show it: it is not of who is missing" for place in others]


def _is_reworded(base: Case, stands: Content) -> bool:
    return said_again(replace(stands, texts=content_of(base, stands.time_zone).texts)).texts != stands.texts
