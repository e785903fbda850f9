"""Writes what phones show of a case, in every language of the catalogues.

The catalogues are data: a language is a file there. Bounded by the case's own fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from push.message.catalogues import Catalogue, catalogues, follow_up_texts
from push.message.content import Content, Text

if TYPE_CHECKING:
    from handlers.police.cases import Case


def content_of(case: Case) -> Content:
    """Return what phones say of a case: where and when, what the child looks like, whom to call."""
    texts = {locale: _text(case, catalogue) for locale, catalogue in catalogues().items()}
    return Content(texts=texts, follow_ups=follow_up_texts(case.last_seen.at), photo_url=case.child.photo_url)


def _text(case: Case, words: Catalogue) -> Text:
    child, seen = case.child, case.last_seen
    title = words.title if child.age is None else words.title_with_age
    sex = {"male": words.male, "female": words.female, "unknown": ""}[child.sex]
    height = "" if child.height_cm is None else words.height.format(height_cm=child.height_cm)
    looks = words.comma.join(part for part in (sex, height, child.clothing, child.features) if part)
    where = words.when_and_where.format(
        month=f"{seen.at:%m}", day=f"{seen.at:%d}", time=f"{seen.at:%H:%M}", place=seen.place or words.nearby
    )
    return Text(
        title=title.format(name=child.name, age=child.age),
        body=where + looks + (words.stop if looks else ""),
        call=words.call.format(contact=case.contact.name, phone=case.contact.phone),
        phone=case.contact.phone,
    )
