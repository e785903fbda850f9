"""Says first in a message where the child was seen last, whatever wrote the message.

Idempotent: a newer place takes the place of the one before, an older one changes nothing. Bounded by the place's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from push.message.bidi import isolated
from push.message.catalogues import catalogues
from push.message.language_tag import look_up

if TYPE_CHECKING:
    from datetime import datetime

    from push.message.content import Content, Text


def with_newest_place(content: Content, seen_at: datetime, place: str | None) -> Content:
    """Return the content that says first when and where the child was seen; as it is where it says something newer."""
    if content.seen_at is not None and seen_at < content.seen_at:
        return content
    local = seen_at.astimezone(content.zone)
    texts = {locale: _with_place(locale, text, local, place) for locale, text in content.texts.items()}
    return replace(content, texts=texts, seen_at=seen_at)


def _with_place(locale: str, text: Text, seen_at: datetime, place: str | None) -> Text:
    seen, where = _sentence(locale, seen_at, place)
    elastic = text.elastic[1:] if text.seen and text.elastic and text.elastic[0] in text.seen else text.elastic
    elastic = (where, *elastic) if where and text.elastic else elastic
    return replace(text, body=seen + text.body.removeprefix(text.seen), seen=seen, elastic=elastic)


def _sentence(locale: str, seen_at: datetime, place: str | None) -> tuple[str, str]:
    """Return the sentence and the place in it, in the message's language; without its phrases, in numbers."""
    known = look_up(locale, catalogues())
    words = None if known is None else catalogues()[known]
    where = isolated(place) if place else "" if words is None else words.elsewhere
    if words is None or not words.seen_since:
        return f"{seen_at:%Y-%m-%d %H:%M}{': ' if where else ''}{where}. ", where
    when = {"month": f"{seen_at:%m}", "day": f"{seen_at:%d}", "time": f"{seen_at:%H:%M}"}
    return words.seen_since.format(**when, place=where), where
