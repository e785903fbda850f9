"""The console's texts: a TOML file a language, looked up by dotted keys.

Bounded by the files of `handlers/console/catalogues`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from push.message.language_tag import look_up, read_tag

if TYPE_CHECKING:
    from aiohttp import web

LOCALES: Final = ("zh-CN", "en")
LOCALE_COOKIE: Final = "qq-alert-language"
TAGS_MAX: Final = 10
"""Of an Accept-Language header: browsers send a few."""


class Texts:
    """The texts of one language; a call fills in the names in braces. A key that is not there is a KeyError."""

    def __init__(self, locale: str, texts: dict[str, str]) -> None:
        self.locale = locale
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def text(self, key: str) -> str:
        """Return a text with its names in braces as they stand."""
        return self._texts[key]

    def word(self, kind: str, value: object) -> str:
        """Return how a value of an enumeration is called, itself where the catalogue does not know it."""
        return self._texts.get(f"{kind}.{value}", str(value))

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    @property
    def keys(self) -> frozenset[str]:
        """Every key."""
        return frozenset(self._texts)


@cache
def texts_of(locale: str) -> Texts:
    """Return the texts of a language of the console."""
    file = resources.files("handlers.console") / "catalogues" / f"{locale}.toml"
    return Texts(locale, dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), "")))


def texts_for(request: web.Request) -> Texts:
    """Return the texts that a reader gets: as chosen, else as the browser asks, else the first language."""
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return texts_of(chosen)
    for one in request.headers.get("Accept-Language", "").split(",")[:TAGS_MAX]:
        tag = read_tag(one.partition(";")[0])
        if tag is None:
            continue
        found = look_up(tag, LOCALES) or (LOCALES[0] if tag.partition("-")[0] == "zh" else None)
        if found is not None:
            return texts_of(found)
    return texts_of(LOCALES[0])


def _flat(tree: dict[str, Any], before: str) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in tree.items():
        flat += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(f"{before}{name}", str(value))]
    return flat
