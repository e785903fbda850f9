"""Makes the CAP message and the feed entry of an alert that may be published.

While the child is looked for they have the text that phones show; afterwards only the text of the last notice, which
names no person. The area is
never wider than where people are notified. Pure; bounded by the alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import shapely
from shapely.geometry import MultiPolygon

from geo.area import Circle as GeoCircle
from geo.outline import outline
from geo.polygon import PolygonError, load, polygons_of
from handlers.cap.areas import VERTICES_MAX, area_of
from handlers.cap.model import (
    EVENT_CODE,
    EVENT_SYSTEM,
    PERSON_EVENT_CODE,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    Message,
    MessageType,
    Named,
    Reference,
    Resource,
    ResponseType,
    Severity,
    Status,
    Urgency,
)
from handlers.public.atom import Entry
from push.alerts.lifecycle import OVER, State
from push.message.catalogues import EXPIRED, catalogues, follow_up_texts
from push.message.closings import Closing, closing_of
from push.message.content import LOCALE_DEFAULT, Content
from push.message.truncation import truncate_without_call
from push.notice import CaseKind, Notice, SubjectKind

if TYPE_CHECKING:
    from datetime import datetime

    from push.message.content import Text
    from sql.public import PublicAlert

TEXT_BYTES: Final = 52 * 1024
"""Of areas and descriptions in all languages: signature, pictures and the rest of 64 KiB take up to 12."""

POINT_BYTES: Final = 22
DESCRIPTION_BYTES: Final = 1000
"""Of one language, however large the area is."""

OVER_NOTE: Final = "over"

PICTURES: Final = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_CONTENT = msgspec.json.Decoder(Content)
_CIRCLES = msgspec.json.Decoder(list[tuple[float, float, float]])


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """Who publishes: the sender's name on messages, its title, and where the public reaches this server."""

    sender: str
    sender_name: str
    public_url: str

    def link(self, alert: PublicAlert) -> str:
        """Return where an alert's message is."""
        return f"{self.public_url}/v1/public/alerts/{alert.id}/cap"


def editions(alert: PublicAlert) -> list[datetime]:
    """Return when each message about an alert was published, the first one first.

    Each word is another message, and so is a wider area, a longer life, and that its time is over.
    """
    first, *later = alert.moments
    over_before = [alert.ended_at] if alert.ended_at is not None and _is_over_by_time(alert) else []
    return [first, *sorted([*later, *alert.changes, *over_before])]


def _is_over_by_time(alert: PublicAlert) -> bool:
    """Tell whether the alert expired, although the child may have been found since."""
    ends = alert.state == State.EXPIRED
    return ends or (alert.ended_at is not None and alert.ended_at < alert.moments[-1])


def identifier_of(alert: PublicAlert) -> str:
    """Return the identifier of an alert's current message; each message has another."""
    return _identifier(alert, len(editions(alert)))


def _identifier(alert: PublicAlert, number: int) -> str:
    return f"{alert.id}.{number}"


def message_of(alert: PublicAlert, publisher: Publisher) -> Message:
    """Return the CAP message of an alert as it stands."""
    over = State(alert.state) in OVER
    *before, now = editions(alert)
    kind = MessageType.CANCEL if over else MessageType.UPDATE if before else MessageType.ALERT
    content = _CONTENT.decode(alert.content).with_photo_of_page(alert.photo_tag)
    return Message(
        identifier=identifier_of(alert),
        sender=publisher.sender,
        sent=_local(now, content),
        status=Status.ACTUAL,
        message_type=kind,
        note=_note(alert, content) if over else "",
        references=tuple(
            Reference(publisher.sender, _identifier(alert, number), _local(at, content))
            for number, at in enumerate(before, 1)
        ),
        infos=_infos(alert, content, publisher),
    )


def _infos(alert: PublicAlert, content: Content, publisher: Publisher) -> tuple[Info, ...]:
    """Return the message in each language; long texts share what the areas leave of what our own reader takes."""
    texts = _texts(alert, content)
    infos = [_info(alert, content, locale, text, publisher) for locale, text in texts.items()]
    points = sum(len(ring) for info in infos for area in info.areas for ring in area.polygons)
    room = max(DESCRIPTION_BYTES, (TEXT_BYTES - points * POINT_BYTES) // len(infos))
    described = {locale: truncate_without_call(text, room) for locale, text in texts.items()}
    return tuple(msgspec.structs.replace(info, description=described[info.language]) for info in infos)


def entry_of(alert: PublicAlert, publisher: Publisher) -> Entry:
    """Return an alert's entry in the feed."""
    content = _CONTENT.decode(alert.content)
    texts = _texts(alert, content)
    locale = LOCALE_DEFAULT if LOCALE_DEFAULT in texts else next(iter(texts))
    area = _area(alert, "")
    return Entry(
        id=f"urn:uuid:{alert.id}",
        title=texts[locale].title,
        updated=_local(editions(alert)[-1], content),
        link=publisher.link(alert),
        summary=texts[locale].joined(),
        language=locale,
        polygons=area.polygons,
        circle=area.circles[0] if area.circles else None,
    )


def _word(alert: PublicAlert) -> str:
    """Return the last notice, or `EXPIRED` once the alert has expired."""
    return EXPIRED if alert.state == State.EXPIRED else alert.notices[-1]


def _note(alert: PublicAlert, content: Content) -> str:
    """Return the word for machines: that a child is found only where the text says so."""
    word = _word(alert)
    return OVER_NOTE if word == Notice.FOUND and closing_of(content) is not Closing.HAPPY else word


def _texts(alert: PublicAlert, content: Content) -> dict[str, Text]:
    if State(alert.state) not in OVER:
        if not content.texts:
            raise ValueError("an alert that lives, without a text")
        return content.texts
    word = _word(alert)
    return content.follow_ups.get(word) or follow_up_texts(_local(alert.received_at, content))[word]


def _local(at: datetime, content: Content) -> datetime:
    """Return a time of the place, to the second."""
    return at.replace(microsecond=0).astimezone(content.zone)


def _info(alert: PublicAlert, content: Content, locale: str, text: Text, publisher: Publisher) -> Info:
    over = State(alert.state) in OVER
    words = catalogues().get(locale, catalogues()["en"])
    photo = None if over else content.photo_url
    return Info(
        language=locale,
        categories=(Category.RESCUE,),
        event=words.events[content.subject_kind][content.kind or CaseKind.LOST],
        response_types=(ResponseType.ALL_CLEAR if over else ResponseType.MONITOR,),
        urgency=Urgency.PAST if over else Urgency.IMMEDIATE,
        severity=Severity.MINOR if over else Severity.SEVERE,
        certainty=Certainty.OBSERVED if over else Certainty.LIKELY,
        event_codes=(Named(EVENT_SYSTEM, _code(content.subject_kind)),),
        expires=None if over else _local(alert.expires, content),
        sender_name=publisher.sender_name,
        headline=text.title,
        description=text.body,
        contact=text.call,
        web="" if over else content.web_link or "",
        resources=() if photo is None else (_picture(photo),),
        areas=(_area(alert, words.area),),
    )


def _code(subject: SubjectKind) -> str:
    """Return SAME's code: MEP of everybody who is no child."""
    return EVENT_CODE if subject is SubjectKind.CHILD else PERSON_EVENT_CODE


def _picture(url: str) -> Resource:
    kind = next((mime for ending, mime in PICTURES.items() if url.lower().endswith(ending)), "image/jpeg")
    return Resource(description="photo", mime_type=kind, uri=url)


def _area(alert: PublicAlert, description: str) -> Area:
    """Return where people are notified: one circle, as our own reader takes, and polygons within all others.

    Within a jurisdiction all circles are polygons within both. ValueError: it cannot be read.
    """
    shape = load(alert.city_polygon) if alert.whole and alert.city_polygon is not None else None
    circles = _circles(alert)
    circle, others = (circles[0] if circles else None), circles[1:]
    if alert.jurisdiction is not None:
        limit = load(alert.jurisdiction)
        shape, circle = _within(limit, shape, circles), None
    elif others:
        shape = _joined(shape, others)
    return area_of(description, circle=circle, shape=shape, city=alert.city if alert.whole else None)


def _circles(alert: PublicAlert) -> list[Circle]:
    """Return the widest circle around each place, the first place first."""
    widest: dict[tuple[float, float], float] = {}
    if alert.radius_km is not None and alert.longitude is not None and alert.latitude is not None:
        widest[alert.longitude, alert.latitude] = alert.radius_km
    for longitude, latitude, radius_km in _CIRCLES.decode(alert.circles):
        widest[longitude, latitude] = max(radius_km, widest.get((longitude, latitude), 0.0))
    drawn = [GeoCircle(*centre, radius_km).on_globe() for centre, radius_km in widest.items()]
    return [Circle(one.longitude, one.latitude, one.radius_km) for one in drawn]


def _joined(shape: MultiPolygon | None, circles: list[Circle]) -> MultiPolygon | None:
    """Return a shape with circles, the newest first, as many of them as a document takes."""
    for circle in reversed(circles):
        drawn = GeoCircle(circle.longitude, circle.latitude, circle.radius_km)
        if not drawn.leaves_grid():
            more = MultiPolygon([outline(drawn)])
            try:
                joined = more if shape is None else polygons_of(shapely.union(shape, more))
            except shapely.errors.GEOSException:
                raise PolygonError("a circle cannot be joined to the city, which is damaged") from None
            shape = joined if shapely.get_num_coordinates(joined) <= VERTICES_MAX else shape
    return shape


def _within(jurisdiction: MultiPolygon, shape: MultiPolygon | None, circles: list[Circle]) -> MultiPolygon:
    parts: list[shapely.Geometry] = [] if shape is None else [shape]
    parts += [outline(GeoCircle(one.longitude, one.latitude, one.radius_km)) for one in circles]
    try:
        return polygons_of(shapely.intersection(shapely.union_all(parts), jurisdiction))
    except shapely.errors.GEOSException:
        raise PolygonError("the area cannot be limited to the jurisdiction: one of them is damaged") from None
