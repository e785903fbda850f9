"""The phrases of each language, a TOML file a language, and the texts of follow-up notices.

Bounded by the files of this folder.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from push.message.content import Text
from push.notice import CaseKind, Notice, SubjectKind

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


class Anyone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases of follow-up notices about anybody but children who are lost, and how they came to be missing."""

    found_title: str
    found: str
    cancel: str
    expired: str


class MissingWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With what a title begins, by who is missing."""

    child: str
    children: str
    dementia: str
    disability: str


class CompanionWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases about who is with the child."""

    one: str
    age: str


class VehicleWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases about a vehicle."""

    plate: str
    colour: str
    make: str
    direction: str


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phrases of one language; `script`: of its letters, by which values that are written in it are known.

    `missing`: by how somebody came to be missing; `guidance`: by its well-known code; `events`: what happened, as CAP
    says it.
    """

    script: Literal["Han", "Latin"]
    title: str
    title_with_age: str
    issued: str
    unnamed: str
    lost_at: str
    last_seen_at: str
    nearby: str
    boy: str
    girl: str
    man: str
    woman: str
    height: str
    build: str
    hair: str
    languages: str
    accent: str
    nicknames: str
    list_comma: str
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
    area: str
    companion: CompanionWords
    vehicle: VehicleWords
    guidance: dict[str, str]
    missing: dict[CaseKind, MissingWords]
    events: dict[SubjectKind, dict[CaseKind, str]]
    several: Several
    anyone: Anyone

    def of_several(self) -> Catalogue:
        """Return the phrases about several children; the others stay."""
        return self._with(self.several)

    def of_anyone(self) -> Catalogue:
        """Return the phrases about anybody; the others stay."""
        return self._with(self.anyone)

    def _with(self, phrases: Several | Anyone) -> Catalogue:
        names = [field for field in type(phrases).__struct_fields__ if field in Catalogue.__struct_fields__]
        return msgspec.structs.replace(self, **{name: getattr(phrases, name) for name in names})


@cache
def catalogues() -> dict[str, Catalogue]:
    """Return the phrases by locale."""
    folder = resources.files(__name__)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Catalogue)
        for file in files
    }


def follow_up_texts(seen_at: datetime, children: int = 1, *, is_lost: bool = True) -> dict[str, dict[str, Text]]:
    """Return the texts of follow-up notices by notice and language: which alert it was, and nothing of the child.

    `seen_at` in the time zone of the place; `is_lost`: it was of children who are lost, as far as anybody said.
    """
    day = {"month": f"{seen_at:%m}", "day": f"{seen_at:%d}"}

    def texts(phrases: Callable[[Catalogue], tuple[str, str]]) -> dict[str, Text]:
        chosen = {locale: _about(words, children, is_lost=is_lost) for locale, words in catalogues().items()}
        written = {locale: phrases(words) for locale, words in chosen.items()}
        return {locale: Text(title, body.format(**day), "") for locale, (title, body) in written.items()}

    return {
        Notice.FOUND.value: texts(lambda words: (words.found_title, words.found)),
        Notice.CANCEL.value: texts(lambda words: (words.cancel_title, words.cancel)),
        EXPIRED: texts(lambda words: (words.expired_title, words.expired)),
        FOUND_NEUTRAL: texts(lambda words: (words.neutral_title, words.neutral)),
        FOUND_OVER: texts(lambda words: (words.over_title, words.over)),
    }


def _about(words: Catalogue, children: int, *, is_lost: bool) -> Catalogue:
    if not is_lost:
        return words.of_anyone()
    return words if children == 1 else words.of_several()
