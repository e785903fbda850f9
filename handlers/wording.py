"""Wording: a checked case flows in, what phones say flows out in every language of the catalogues.

The catalogues are data: a language is a file there. Bounded by the case's own fields.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

from push.model import Notice
from push.said import Content, Text

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.cases import Case


EXPIRED: Final = "expired"
"""What is said to the public when an alert's time is over; nobody is told that by a push."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases of one language."""

    title: str
    title_with_age: str
    when_and_where: str
    nearby: str
    male: str
    female: str
    height: str
    comma: str
    stop: str
    call: str
    found_title: str
    found: str
    cancel_title: str
    cancel: str
    expired_title: str
    expired: str
    event: str
    area: str


@cache
def catalogues() -> dict[str, Catalogue]:
    """Return the phrases by locale."""
    folder = resources.files("handlers").joinpath("catalogues")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Catalogue)
        for file in files
    }


def content_of(case: Case) -> Content:
    """Return what phones say of a case: where and when, what the child looks like, whom to call."""
    texts = {locale: _text(case, catalogue) for locale, catalogue in catalogues().items()}
    return Content(texts=texts, last=last_words(case.last_seen.at), photo_url=case.child.photo_url)


def last_words(seen_at: datetime) -> dict[str, dict[str, Text]]:
    """Return what phones say when an alert ends, by notice and language: which one it was, and no word of the child."""
    day = {"month": f"{seen_at:%m}", "day": f"{seen_at:%d}"}
    return {
        Notice.FOUND.value: {
            locale: Text(words.found_title, words.found.format(**day), "") for locale, words in catalogues().items()
        },
        Notice.CANCEL.value: {
            locale: Text(words.cancel_title, words.cancel.format(**day), "") for locale, words in catalogues().items()
        },
        EXPIRED: {
            locale: Text(words.expired_title, words.expired.format(**day), "") for locale, words in catalogues().items()
        },
    }


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
