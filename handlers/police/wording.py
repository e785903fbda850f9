"""Writes what phones show of a case, in every language of the catalogues, in the time of the place.

The catalogues are data: a language is a file there. Bounded by the case's own fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from push.message.bidi import isolated
from push.message.catalogues import Catalogue, catalogues, follow_up_texts
from push.message.content import TIME_ZONE_DEFAULT, Content, Text
from push.message.truncation import truncate_title

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.police.case.case import Case
    from handlers.police.case.missing import Missing


def content_of(case: Case, time_zone: str = TIME_ZONE_DEFAULT) -> Content:
    """Return what phones say of a case: where and when, what the children look like, whom to call."""
    seen_at = case.last_seen.at.astimezone(ZoneInfo(time_zone))
    texts = {locale: _text(case, seen_at, catalogue) for locale, catalogue in catalogues().items()}
    return Content(
        texts=texts,
        follow_ups=follow_up_texts(seen_at, len(case.missing)),
        photo_url=next((child.photo_url for child in case.missing if child.photo_url is not None), None),
        time_zone=time_zone,
    )


def _text(case: Case, seen_at: datetime, words: Catalogue) -> Text:
    place = isolated(case.last_seen.place) if case.last_seen.place else words.nearby
    where = words.when_and_where.format(
        month=f"{seen_at:%m}", day=f"{seen_at:%d}", time=f"{seen_at:%H:%M}", place=place
    )
    looks = _looks(case.missing, words)
    return Text(
        title=truncate_title(_title(case.missing, words)),
        body=(where + looks + (words.stop if looks else "")).strip(),
        call=words.call.format(contact=isolated(case.contact.name), phone=case.contact.phone),
        phone=case.contact.phone,
        elastic=(place, *(isolated(value) for child in case.missing for value in _described(child))),
    )


def _title(children: tuple[Missing, ...], words: Catalogue) -> str:
    if len(children) == 1:
        (child,) = children
        title = words.title if child.age is None else words.title_with_age
        return title.format(name=_name_of(child, words), age=child.age)
    named = [
        (words.several.one if child.age is None else words.several.one_with_age).format(
            name=_name_of(child, words), age=child.age
        )
        for child in children
    ]
    return words.several.title.format(children=words.several.between.join(named))


def _name_of(child: Missing, words: Catalogue) -> str:
    return words.unnamed if child.name is None else isolated(child.name)


def _looks(children: tuple[Missing, ...], words: Catalogue) -> str:
    """Return what the children look like; of several, each after its name."""
    if len(children) == 1:
        return _looks_of(children[0], words)
    each = [(_name_of(child, words), _looks_of(child, words)) for child in children]
    said = [words.several.looks.format(name=name, looks=looks) for name, looks in each if looks]
    return words.several.looks_between.join(said)


def _looks_of(child: Missing, words: Catalogue) -> str:
    sex = {"male": words.male, "female": words.female, "unknown": ""}[child.sex]
    height = "" if child.height_cm is None else words.height.format(height_cm=child.height_cm)
    described = [isolated(value) for value in _described(child)]
    return words.comma.join(part for part in (sex, height, *described) if part)


def _described(child: Missing) -> list[str]:
    return [value for value in (child.clothing, child.features) if value]
