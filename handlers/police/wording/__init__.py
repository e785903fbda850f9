"""Writes what phones show of a case, in every language of the catalogues and of the police, in the time of the place.

The catalogues are data: a language is a file there. Bounded by the case's own fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from handlers.http.problems import FieldError
from handlers.police.case.own_follow_ups import own_follow_ups
from handlers.police.wording.looks import look_parts
from handlers.police.wording.others import companion_parts, guidance_parts, vehicle_parts
from handlers.police.wording.own_texts import own_texts
from handlers.police.wording.titles import titled
from push.message.bidi import isolated
from push.message.catalogues import Catalogue, catalogues, follow_up_texts
from push.message.content import TIME_ZONE_DEFAULT, Content, Text, marked
from push.message.parts import Importance, Part
from push.message.truncation import NARROWEST_WIDTH, fits_everywhere
from push.notice import CaseKind, SubjectKind

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.police.case.case import Case


def content_of(case: Case, time_zone: str = TIME_ZONE_DEFAULT) -> Content:
    """Return what phones say of a case: what strangers need to recognise who is missing, where, when, whom to call."""
    seen_at = case.last_seen.at.astimezone(ZoneInfo(time_zone))
    texts = {locale: _text(case, seen_at, catalogue) for locale, catalogue in catalogues().items()}
    is_lost = case.kind in {None, CaseKind.LOST} and case.subject_kind is SubjectKind.CHILD
    return Content(
        texts=texts | own_texts(case),
        follow_ups=follow_up_texts(seen_at, len(case.missing), is_lost=is_lost),
        own_follow_ups=own_follow_ups(case),
        photo_url=photo_of(case),
        time_zone=time_zone,
        subject_kind=case.subject_kind,
        kind=case.kind,
    )


def photo_of(case: Case) -> str | None:
    """Return the address of the photo that phones show: of somebody who is missing, never of anybody else."""
    own = (one.photo_url for one in case.missing if one.photo_url is not None)
    return next(own, next((photo.url for photo in case.photos if photo.of == "child"), None))


def unsayable(case: Case) -> list[FieldError]:
    """Return why number, plate and guidance do not fit together on some phones: they are never cut."""
    texts = content_of(case).texts
    long = [locale for locale, text in texts.items() if not fits_everywhere(marked(text, case.status))]
    if not long:
        return []
    detail = (
        f"with plate and number too long for some phones, in {', '.join(sorted(long))}: these are never cut, and have "
        f"{NARROWEST_WIDTH} Latin or {NARROWEST_WIDTH // 2} Chinese characters in all"
    )
    return [FieldError("$.guidance" if case.guidance else "$.vehicle.plate", detail)]


def _text(case: Case, seen_at: datetime, words: Catalogue) -> Text:
    text = Text(
        title="",
        body="",
        call=words.call.format(contact=isolated(case.contact.name), phone=case.contact.phone),
        phone=case.contact.phone,
    )
    return titled(text, case, words).with_parts(_parts(case, seen_at, words), words.stop)


def _parts(case: Case, seen_at: datetime, words: Catalogue) -> tuple[Part, ...]:
    """Return the body's parts in the order in which they are read."""
    where, looks = _where(case, seen_at, words), look_parts(case, words)
    if case.kind or case.issuer or case.vehicle or case.companions or case.guidance:
        others = (*vehicle_parts(case.vehicle, words), *companion_parts(case.companions, words))
        return (*others, *looks, where, *guidance_parts(case.guidance, words))
    # A case that says nothing of these reads as it always has.
    return (where, *looks)


def _where(case: Case, seen_at: datetime, words: Catalogue) -> Part:
    """Return where and when somebody was last seen; the local time is true whenever it is read."""
    place = isolated(case.last_seen.place) if case.last_seen.place else words.nearby
    phrase = words.lost_at if case.kind in {None, CaseKind.LOST} else words.last_seen_at
    said = phrase.format(month=f"{seen_at:%m}", day=f"{seen_at:%d}", time=f"{seen_at:%H:%M}", place=place)
    return Part(said, Importance.WHERE, elastic=(place,))
