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
    from collections.abc import Callable
    from datetime import datetime


EXPIRED: Final = "expired"
"""What the public pages say when an alert's time is over; no phone is notified of that."""

FOUND_NEUTRAL: Final = "found_neutral"
FOUND_OVER: Final = "found_over"
"""Other texts of `found`, ready where it is not for joy (`push.message.closings`)."""


class Several(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases about several children who are missing together."""

    title: str
    one: str
    one_with_age: str
    between: str
    looks: str
    looks_between: str
    found_title: str
    found: str
    cancel: str
    expired: str


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases of one language."""

    title: str
    title_with_age: str
    unnamed: str
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
    neutral_title: str
    neutral: str
    over_title: str
    over: str
    goes_on: str
    event: str
    area: str
    several: Several

    def of_several(self) -> Catalogue:
        """Return the phrases about several children; the others stay."""
        names = [field for field in Several.__struct_fields__ if field in Catalogue.__struct_fields__]
        return msgspec.structs.replace(self, **{name: getattr(self.several, name) for name in names})


@cache
def catalogues() -> dict[str, Catalogue]:
    """Return the phrases by locale."""
    folder = resources.files(__name__)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Catalogue)
        for file in files
    }


def follow_up_texts(seen_at: datetime, children: int = 1) -> dict[str, dict[str, Text]]:
    """Return the texts of follow-up notices by notice and language: which alert it was, and nothing of the child.

    `seen_at` in the time zone of the place.
    """
    day = {"month": f"{seen_at:%m}", "day": f"{seen_at:%d}"}

    def texts(phrases: Callable[[Catalogue], tuple[str, str]]) -> dict[str, Text]:
        written = {locale: phrases(words if children == 1 else words.of_several()) for locale, words in all_words}
        return {locale: Text(title, body.format(**day), "") for locale, (title, body) in written.items()}

    all_words = catalogues().items()
    return {
        Notice.FOUND.value: texts(lambda words: (words.found_title, words.found)),
        Notice.CANCEL.value: texts(lambda words: (words.cancel_title, words.cancel)),
        EXPIRED: texts(lambda words: (words.expired_title, words.expired)),
        FOUND_NEUTRAL: texts(lambda words: (words.neutral_title, words.neutral)),
        FOUND_OVER: texts(lambda words: (words.over_title, words.over)),
    }
