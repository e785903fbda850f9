"""The texts of pages for the public: a TOML file a language, looked up by dotted keys.

Bounded by the files of `public/pages/catalogues`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class Texts:
    """The texts of one language; a call fills in the names in braces. A key that is not there is a KeyError."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def word(self, kind: str, value: str) -> str:
        """Return how a well-known value is called, and the value itself where it is a text of its author's."""
        return self._texts.get(f"{kind}.{value}", value)

    def moment(self, at: datetime) -> str:
        """Write a time that is in its own zone already."""
        return self("moment", year=f"{at:%Y}", month=f"{at:%m}", day=f"{at:%d}", time=f"{at:%H:%M}")

    @property
    def keys(self) -> frozenset[str]:
        """Every key."""
        return frozenset(self._texts)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are."""
    files = (resources.files("public.pages") / "catalogues").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def texts_of(language: str) -> Texts:
    """Return the texts of a language; FileNotFoundError where there is none."""
    file = resources.files("public.pages") / "catalogues" / f"{language}.toml"
    return Texts(language, dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), "")))


def _flat(tree: dict[str, Any], before: str) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in tree.items():
        flat += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(f"{before}{name}", str(value))]
    return flat
