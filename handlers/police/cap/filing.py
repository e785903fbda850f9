"""Makes a filing of a CAP message, or says why it cannot be sent.

The area is what the message says and nothing more: its circle, its polygons, its cities, never the city around a point.
Bounded by the document.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec
import shapely

from geo.crossings import crossings
from geo.crs import Crs
from geo.division_codes import Division, division_of
from geo.polygon import CROSSINGS_MAX as CITY_CROSSINGS_MAX
from geo.union import united
from handlers.http.problems import FieldError
from handlers.places import locate
from handlers.police.cap.details.texts import texts_of
from handlers.police.cap.places import CROSSINGS_MAX
from handlers.police.case.basis import held_for
from handlers.police.case.case import sealed_from
from push.alerts.actions.actor import of_authority
from push.alerts.filing import Filing
from push.alerts.name_matching import names_child
from push.alerts.rings import Override
from push.fanout.areas import Place
from push.message.catalogues import follow_up_texts
from push.message.content import Content
from push.notice import CaseKind, SubjectKind
from sql.cap import CapMessage

if TYPE_CHECKING:
    from collections.abc import Collection

    from shapely.geometry import MultiPolygon

    from geo.cities import Cities
    from handlers.police.cap.acceptance import CapCase
    from handlers.police.cap.places import CapPlace
    from push.alerts.planner import FilingPlan

IDENTIFIER_MAX: Final = 150
AREA: Final = "/alert/info[1]/area[1]"
NO_BOUNDARIES: Final = "no boundaries of cities are configured"


class Point(msgspec.Struct, frozen=True):
    """A place as `handlers.places` looks at it."""

    longitude: float | None
    latitude: float | None
    city: str | None = None
    crs: Crs = Crs.WGS84


def filing_of(
    case: CapCase,
    authority: str,
    plan: FilingPlan,
    cities: Cities | None,
    jurisdiction: MultiPolygon | None,
    *,
    time_zone: str,
    unverified: str | None,
    certificate: str | None = None,
    asks: Collection[str] = (),
) -> Filing | list[FieldError]:
    """Return the filing of an Alert, or every reason why it cannot be sent; `unverified`: why it is not believed.

    `certificate`: the fingerprint of the one that signed it. `asks`: which items of the checklist are asked for.
    """
    place = _place(case.place, cities, jurisdiction)
    texts = texts_of(case)
    errors = [one for part in (place, texts) if isinstance(part, list) for one in part]
    override = None
    if case.place is not None and case.place.circle is not None:
        radius_km = case.place.circle.radius_km
        if radius_km > plan.radius_cap_km:
            errors.append(FieldError(f"{AREA}/circle", f"over the cap of {plan.radius_cap_km:g} km"))
        override = Override(
            radius_km=radius_km, reason="the message's circle", by=of_authority(authority).label, whole=True
        )
    if names_child(case.identifier, [name for text in case.texts.values() for name in text.names]):
        errors.append(FieldError("/alert/identifier", "it stays for ever, so it must not say who the child is"))
    if len(case.identifier) > IDENTIFIER_MAX:
        errors.append(FieldError("/alert/identifier", f"at most {IDENTIFIER_MAX} characters"))
    if errors or isinstance(place, list) or isinstance(texts, list):
        return errors
    content = kept(case)
    children = max((len(text.children) for text in case.texts.values()), default=0)
    kind = next((text.more.kind for text in case.texts.values() if text.more.kind is not None), None)
    is_lost = kind in {None, CaseKind.LOST} and case.subject_kind is SubjectKind.CHILD
    message_content = Content(
        texts=texts,
        follow_ups=follow_up_texts(case.sent.astimezone(ZoneInfo(time_zone)), max(1, children), is_lost=is_lost),
        photo_url=case.photo_url,
        time_zone=time_zone,
        subject_kind=case.subject_kind,
        kind=kind,
    )
    digest = hashlib.sha256(content).digest()
    key = key_of(case)
    if unverified is not None:
        # Anybody may send another text under its name, and it may be signed for another reason the next time.
        key += f",{unverified},{digest.hex()}"
    return Filing(
        authority=authority,
        actor=of_authority(authority),
        unverified=unverified,
        # Signed after it came unsigned, it is not a retry: the draft's answer would keep it from being sent.
        webhook_id=f"{'cap' if unverified is None else 'cap-draft'}:{hashlib.sha256(key.encode()).hexdigest()}",
        body_digest=digest,
        case_number=case.identifier,
        content_digest=digest,
        content=content.decode(),
        status=case.status.value.lower(),
        place=place,
        last_seen_at=case.sent,
        policy=plan.policy_for(case.subject_kind),
        subject_kind=case.subject_kind,
        override=override,
        message_content=message_content,
        expires=case.expires,
        message=message_of(case, certificate),
        sealed=sealed_from(None, case.basis),
        held_for=held_for(case.basis, asks),
    )


def key_of(case: CapCase) -> str:
    """Return what no other message of its sender has."""
    return f"{case.sender},{case.identifier},{case.sent.astimezone(UTC).isoformat()}"


def message_of(case: CapCase, certificate: str | None) -> CapMessage:
    """Return what makes a message itself, with the fingerprint of the certificate that signed it."""
    references = [(one.sender, one.identifier, one.sent.astimezone(UTC)) for one in case.references]
    identity: tuple[object, ...] = (case.status, references, case.texts, case.note, case.expires.astimezone(UTC))
    if case.outcome is not None:
        identity += (case.outcome,)
    digest = hashlib.sha256(msgspec.json.encode(identity, order="deterministic")).digest()
    return CapMessage(case.sender, case.identifier, case.sent, case.message_type.value, digest, certificate)


def kept(case: CapCase) -> bytes:
    """Return the message as the record keeps it: what is deleted with the child stands where that of a case stands."""
    return msgspec.json.encode(_kept(case), order="deterministic")


def area_of(case: CapCase) -> object:
    """Return the area of a message as the record keeps it."""
    return msgspec.to_builtins(_kept(case)["area"])


def _kept(case: CapCase) -> dict[str, object]:
    first = next(iter(case.texts.values()))
    later: dict[str, object] = {"photos": case.photos} if case.photos else {}
    if case.subject_kind is not SubjectKind.CHILD:
        later["subject"] = {"kind": case.subject_kind}
    return later | {
        "cap": {
            "identifier": case.identifier,
            "sender": case.sender,
            "sent": case.sent.astimezone(UTC),
            "status": case.status,
            "expires": case.expires.astimezone(UTC),
            "texts": case.texts,
        },
        "children": [{"name": name} for name in first.children],
        "child": {"clothing": first.clothing or None, "ages": first.ages},
        "contact": {"name": first.contact or None},
        "photo_url": case.photo_url,
        "area": case.place
        and {
            "circle": case.place.circle,
            "cities": case.place.cities,
            "polygon": None if case.place.polygon is None else case.place.polygon.wkt,
        },
    }


def _place(
    where: CapPlace | None, cities: Cities | None, jurisdiction: MultiPolygon | None
) -> Place | list[FieldError]:
    if where is None:
        return [FieldError(AREA, "no usable place: nothing is sent")]
    shape = _shape(where, cities)
    if isinstance(shape, list):
        return shape
    if where.polygon is not None and jurisdiction is not None and _cross_too_often([where.polygon, jurisdiction]):
        return [FieldError(f"{AREA}/polygon", f"it crosses the jurisdiction more than {CROSSINGS_MAX} times")]
    circle = where.circle
    if circle is not None:
        checked = locate(Point(circle.longitude, circle.latitude), f"{AREA}/circle", cities, jurisdiction)
        if isinstance(checked, list):
            return checked
        return Place(longitude=circle.longitude, latitude=circle.latitude, boundary=shape, jurisdiction=jurisdiction)
    if shape is None:
        return [FieldError(AREA, "no usable place: nothing is sent")]
    if jurisdiction is not None and shapely.intersection(shape, jurisdiction).area == 0:
        return [FieldError(AREA, "no usable place: it lies outside of the authority's jurisdiction")]
    city = _division(where.cities[0], cities).city if len(where.cities) == 1 and where.polygon is None else None
    return Place(city=city, boundary=shape, jurisdiction=jurisdiction)


def _shape(where: CapPlace, cities: Cities | None) -> MultiPolygon | list[FieldError] | None:
    """Return the union of polygons and cities, None where there are neither.

    Beside a circle or a polygon a code that is no city's own adds nothing: its city would be wider than what is said.
    """
    shapes = [] if where.polygon is None else [where.polygon]
    has_shape = bool(shapes) or where.circle is not None
    errors: list[FieldError] = []
    for code in where.cities:
        division = _division(code, cities)
        boundary = None if cities is None or division.city is None else cities.polygon(division.city)
        if boundary is not None and (division.city == code or not has_shape):
            shapes.append(boundary)
        elif not has_shape:
            errors.append(FieldError(f"{AREA}/geocode", f"no usable place: {code}: {division.hint}"))
    if errors or not shapes:
        return errors or None
    # Cities cross each other as often as their borders were drawn apart; what a sender draws crosses them some times.
    union = united(shapes, CROSSINGS_MAX if where.polygon is not None else CITY_CROSSINGS_MAX)
    return [FieldError(AREA, f"its parts cross each other more than {CROSSINGS_MAX} times")] if union is None else union


def _cross_too_often(shapes: list[MultiPolygon]) -> bool:
    return crossings(shapes, CROSSINGS_MAX) > CROSSINGS_MAX


def _division(code: str, cities: Cities | None) -> Division:
    return Division(None, NO_BOUNDARIES) if cities is None else division_of(code, cities)


def notes_on_area(where: CapPlace | None, cities: Cities | None) -> list[str]:
    """Return what the sender should know of codes that add nothing to a circle or a polygon."""
    if where is None or (where.circle is None and where.polygon is None):
        return []
    divisions = {code: _division(code, cities) for code in where.cities}
    aside = [code for code, division in divisions.items() if division.city != code]
    return [f"{code} adds nothing to the area: it is no city whose boundary is configured" for code in aside]
