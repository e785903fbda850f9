"""Makes a change of the case of a CAP Update: texts, the picture, the end, and what of another area can be applied.

What an Update leaves out stays: the picture, the end, whom to call. Bounded by the message.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from geo.area import distance_km
from handlers.police.cap.details.texts import texts_of
from handlers.police.cap.filing import area_of, kept
from handlers.police.case.photos import OTHERS
from push.alerts.actions.actor import of_authority
from push.alerts.actions.case_changes import SAME, Asked
from push.alerts.actions.proposals import CaseChange, Part, Widening
from push.alerts.record.contents import read_content
from push.message.catalogues.newest_place import said_again

if TYPE_CHECKING:
    from handlers.http.problems import FieldError
    from handlers.police.cap.acceptance import CapCase
    from push.message.content import Content, Text
    from sql.cases import StandingCase

CENTRE_KM: Final = 0.1
"""A centre that is written with three decimals of a degree is off by so much; phones know their place no better."""

AREA: Final = "/alert/info[1]/area[1]"
PATHS: Final = {Part.EXPIRES: "/alert/info[1]/expires", Part.AREA: f"{AREA}/circle"}
TEXTS: Final = "/alert/info"
PHOTO: Final = "/alert/info[1]/resource"
AS_JSON: Final = "the case was filed as JSON: phones get what is new; the case in the record stays as it was filed"


def asked_by(
    case: CapCase, authority: str, standing: StandingCase, notes: list[str], unusable: str | None
) -> Asked | list[FieldError]:
    """Return what an Update asks for, or why its texts cannot be sent; `notes`: what is known of it already.

    `unusable`: why nobody can be asked around the centre of its circle.
    """
    said = texts_of(case)
    if isinstance(said, list):
        return said
    stands = read_content(standing.content)
    record: dict[str, Any] = msgspec.json.decode(standing.case)
    is_cap, is_mistaken = "cap" in record, case.photo_url in _pictures_of_others(record)
    content, changed = _content(stands, said, None if is_mistaken else case.photo_url)
    area, area_note = area_change(case, authority, standing, unusable)
    said_of = [
        f"{PHOTO}: not applied: {OTHERS}" if is_mistaken else None,
        None if "texts" in changed else f"{TEXTS}: the texts are {SAME}",
        f"{PHOTO}: {SAME}" if case.photo_url is not None and case.photo_url == stands.photo_url else None,
        area_note,
        None if is_cap else AS_JSON,
    ]
    parts = (
        *((Part.PHOTO,) if "photo_url" in changed else ()),
        *((Part.TEXTS,) if "texts" in changed else ()),
        *((Part.EXPIRES,) if case.stated_expires is not None else ()),
        *((Part.AREA,) if area is not None else ()),
    )
    encoded = _kept(case, record)
    requested = CaseChange(
        parts=parts,
        base=standing.digest,
        case=encoded.decode() if is_cap else None,
        digest=hashlib.sha256(encoded).digest() if is_cap else None,
        content=content,
        changed=changed,
        same_locales=True,
        expires=case.stated_expires,
        area=area,
    )
    upon = None if standing.change_request is None else standing.revision
    return Asked(
        requested=requested,
        upon=upon,
        paths=PATHS,
        notes=(*notes, *(note for note in said_of if note is not None)),
        photo_url=content.photo_url if is_cap and "photo_url" in changed else None,
    )


def area_change(
    case: CapCase, authority: str, standing: StandingCase, unusable: str | None = None
) -> tuple[Widening | None, str | None]:
    """Return what of a message's area is applied to the alert that stands, and what is to be known of the rest.

    A larger circle around the same centre is a wider ring, one around another centre a ring around a later place.
    Nothing else is applied: nobody is taken away.
    """
    if case.place is None:
        return None, None
    record: dict[str, Any] = msgspec.json.decode(standing.case)
    if area_of(case) == record.get("area"):
        return None, f"{AREA}: {SAME}"
    circle = case.place.circle
    if circle is None or case.place.polygon is not None or case.place.cities:
        return None, f"{AREA}: not applied: only a larger circle, or one around another centre, widens an alert"
    if standing.longitude is None or standing.latitude is None:
        return None, f"{AREA}/circle: not applied: the alert has no centre to draw a circle around"
    label = of_authority(authority).label
    wider = Widening(radius_km=circle.radius_km, city=None, by=label, reason="the message's circle")
    if distance_km(standing.longitude, standing.latitude, circle.longitude, circle.latitude) > CENTRE_KM:
        if unusable is not None:
            return None, f"{AREA}/circle: not applied: {unusable}"
        return replace(wider, longitude=circle.longitude, latitude=circle.latitude), None
    widest = standing.radius_km or 0.0
    if circle.radius_km == widest:
        return None, f"{AREA}/circle: {SAME}"
    if circle.radius_km < widest:
        return None, f"{AREA}/circle: not applied: those within {widest:g} km were notified, or are about to be"
    return wider, None


def _pictures_of_others(record: dict[str, Any]) -> set[str]:
    """Return the addresses of pictures that the case has as those of a companion or a vehicle."""
    return {photo["url"] for photo in record.get("photos") or () if photo["of"] != "child"}


def _content(stands: Content, said: dict[str, Text], photo: str | None) -> tuple[Content, tuple[str, ...]]:
    """Return what phones are to show, and which fields of that are other than before."""
    texts = {locale: _callable(text, stands.texts.get(locale)) for locale, text in said.items()}
    content = said_again(replace(stands, texts=texts, photo_url=photo or stands.photo_url))
    changed = [name for name in ("texts", "photo_url") if getattr(content, name) != getattr(stands, name)]
    return content, tuple(changed)


def _callable(text: Text, before: Text | None) -> Text:
    """Return a text with whom to call: as before, where the message does not say it."""
    if text.call or before is None or not before.call:
        return text
    return replace(text, call=before.call, phone=before.phone)


def _kept(case: CapCase, record: dict[str, Any]) -> bytes:
    """Return the case as the record keeps it: with the area that the alert was filed with, and the standing picture."""
    tree: dict[str, Any] = msgspec.json.decode(kept(case))
    photo = tree.get("photo_url") or record.get("photo_url")
    return msgspec.json.encode(tree | {"area": record.get("area"), "photo_url": photo}, order="deterministic")
