"""The phrases of each language, a TOML file a language, and the texts of follow-up notices.

Bounded by the files of this folder.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

from push.message.content import Text
from push.notice import Notice

if TYPE_CHECKING:
    from datetime import datetime


EXPIRED: Final = "expired"
"""What the public pages say when an alert's time is over; no phone is notified of that."""


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
    folder = resources.files(__name__)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Catalogue)
        for file in files
    }


def follow_up_texts(seen_at: datetime) -> dict[str, dict[str, Text]]:
    """Return the texts of follow-up notices by notice and language: which alert it was, and nothing of the child."""
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
