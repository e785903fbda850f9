"""Says first in a message where the child was seen last, whatever wrote the message.

Idempotent: a newer place takes the place of the one before, an older one changes nothing. Bounded by the place's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from push.message.bidi import isolated
from push.message.catalogues import catalogues
from push.message.content import NewestPlace
from push.message.language_tag import look_up
from push.message.parts import Importance, Part

if TYPE_CHECKING:
    from datetime import datetime

    from push.message.catalogues import Catalogue
    from push.message.content import Content, Text

STOPS = {"Han": "。", "Latin": ". "}
"""Behind a sentence, by the letters of the catalogue in which a reader finds the phrase."""


def with_newest_place(content: Content, seen_at: datetime, place: str | None) -> Content:
    """Return the content that says first when and where the child was seen; as it is where it says something newer."""
    if content.seen_at is not None and seen_at < content.seen_at:
        return content
    return said_again(replace(content, seen_at=seen_at, newest=NewestPlace(seen_at, place)))


def said_again(content: Content) -> Content:
    """Return the content of which all texts, also those that were written anew, say the newest place first."""
    newest = content.newest
    if newest is None:
        return content
    local = newest.at.astimezone(content.zone)
    texts = {locale: _with_place(locale, text, local, newest.place) for locale, text in content.texts.items()}
    return replace(content, texts=texts)


def _with_place(locale: str, text: Text, seen_at: datetime, place: str | None) -> Text:
    known = look_up(locale, catalogues())
    words = None if known is None else catalogues()[known]
    # A text of one piece, as alerts of earlier versions have it.
    parts = text.parts or (Part(text.body, Importance.FEATURES, elastic=text.elastic or (text.body,)),)
    others = [part for part in parts if part.importance is not Importance.NEWEST]
    stop = text.stop or STOPS["Latin" if words is None else words.script]
    return text.with_parts((_part(words, seen_at, place), *others), stop)


def _part(words: Catalogue | None, seen_at: datetime, place: str | None) -> Part:
    """Return the sentence in the message's language; in numbers where there are no phrases of that language."""
    where = isolated(place) if place else "" if words is None else words.elsewhere
    elastic = (where,) if where else ()
    if words is None or not words.seen_since:
        said = f"{seen_at:%Y-%m-%d %H:%M}{': ' if where else ''}{where}"
        return Part(said, Importance.NEWEST, elastic=elastic)
    when = {"month": f"{seen_at:%m}", "day": f"{seen_at:%d}", "time": f"{seen_at:%H:%M}"}
    return Part(words.seen_since.format(**when, place=where), Importance.NEWEST, elastic=elastic)
