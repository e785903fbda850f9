"""Makes a filing of a CAP message, or says why it cannot be sent.

The area is what the message says and nothing more: its circle, its polygons, its cities, never the city around a point.
Bounded by the document; a contact by `CONTACT_MAX`, because a phone number is never cut.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
import shapely

from geo.crs import Crs
from geo.polygon import polygons_of
from handlers.http.problems import FieldError
from handlers.places import locate
from push.alerts.actions.actor import of_authority
from push.alerts.filing import Filing
from push.alerts.name_matching import names_child
from push.alerts.rings import Override
from push.fanout.areas import Place
from push.message.catalogues import follow_up_texts
from push.message.content import LOCALE_DEFAULT, Content, Text
from sql.cap import CapMessage

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon

    from geo.cities import Cities
    from handlers.police.cap.acceptance import CapCase, CapText
    from handlers.police.cap.places import CapPlace
    from push.alerts.planner import FilingPlan

CONTACT_MAX: Final = 200
IDENTIFIER_MAX: Final = 150
AREA: Final = "/alert/info[1]/area[1]"


class _Point(msgspec.Struct, frozen=True):
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
    unverified: str | None,
) -> Filing | list[FieldError]:
    """Return the filing of an Alert, or every reason why it cannot be sent; `unverified`: why it is not believed."""
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
    if names_child(case.identifier, [text.child_name for text in case.texts.values()]):
        errors.append(FieldError("/alert/identifier", "it stays for ever, so it must not say who the child is"))
    if len(case.identifier) > IDENTIFIER_MAX:
        errors.append(FieldError("/alert/identifier", f"at most {IDENTIFIER_MAX} characters"))
    if errors or isinstance(place, list) or isinstance(texts, list):
        return errors
    content = msgspec.json.encode(_kept(case), order="deterministic")
    message_content = Content(texts=texts, follow_ups=follow_up_texts(case.sent), photo_url=case.photo_url)
    digest = hashlib.sha256(content).digest()
    key = f"{case.sender},{case.identifier},{case.sent.isoformat()}"
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
        policy=plan.policy,
        override=override,
        message_content=message_content,
        expires=case.expires,
        message=message_of(case),
    )


def message_of(case: CapCase) -> CapMessage:
    """Return what makes a message itself."""
    identity = (case.status, case.references, case.texts, case.note, case.expires)
    digest = hashlib.sha256(msgspec.json.encode(identity, order="deterministic")).digest()
    return CapMessage(case.sender, case.identifier, case.sent, case.message_type.value, digest)


def texts_of(case: CapCase) -> dict[str, Text] | list[FieldError]:
    """Return what phones say, by our locales, or which contact is too long to be shown whole."""
    texts: dict[str, Text] = {}
    errors: list[FieldError] = []
    for number, (language, text) in enumerate(case.texts.items(), 1):
        if len(text.contact) > CONTACT_MAX:
            errors.append(FieldError(f"/alert/info[{number}]/contact", f"at most {CONTACT_MAX} characters"))
        texts.setdefault(_locale(language), _text(text))
    return errors or texts


def _text(text: CapText) -> Text:
    body = " ".join(part for part in (text.description, text.instruction) if part)
    return Text(text.headline, body, text.contact)


def _locale(language: str) -> str:
    """Return our locale for a language: all of Chinese without another script is zh-CN, all of English is en."""
    tag = language.lower()
    if tag == "zh" or tag.startswith(("zh-cn", "zh-hans", "zh-sg")):
        return LOCALE_DEFAULT
    return "en" if tag.partition("-")[0] == "en" else language


def _kept(case: CapCase) -> dict[str, object]:
    """Return the message as the record keeps it: what is deleted with the child stands where that of a case stands."""
    first = next(iter(case.texts.values()))
    return {
        "cap": {
            "identifier": case.identifier,
            "sender": case.sender,
            "sent": case.sent,
            "status": case.status,
            "expires": case.expires,
            "texts": case.texts,
        },
        "child": {"name": first.child_name or None, "clothing": first.child_clothing or None, "age": case.child_age},
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
    circle = where.circle
    if circle is not None:
        checked = locate(_Point(circle.longitude, circle.latitude), f"{AREA}/circle", cities, jurisdiction)
        if isinstance(checked, list):
            return checked
        return Place(longitude=circle.longitude, latitude=circle.latitude, boundary=shape, jurisdiction=jurisdiction)
    if shape is None:
        return [FieldError(AREA, "no usable place: nothing is sent")]
    if jurisdiction is not None and shapely.intersection(shape, jurisdiction).area == 0:
        return [FieldError(AREA, "no usable place: it lies outside of the authority's jurisdiction")]
    city = where.cities[0] if len(where.cities) == 1 and where.polygon is None else None
    return Place(city=city, boundary=shape, jurisdiction=jurisdiction)


def _shape(where: CapPlace, cities: Cities | None) -> MultiPolygon | list[FieldError] | None:
    """Return the union of polygons and cities, None where there are neither."""
    shapes = [] if where.polygon is None else [where.polygon]
    errors: list[FieldError] = []
    for code in where.cities:
        boundary = None if cities is None else cities.polygon(code)
        if boundary is None:
            errors.append(FieldError(f"{AREA}/geocode", f"no usable place: no boundary of {code} is configured"))
        else:
            shapes.append(boundary)
    if errors:
        return errors
    return polygons_of(shapely.union_all(shapes)) if shapes else None
