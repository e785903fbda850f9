"""Tells in which letters a value is written: no sentence is filled with values of another language.

Names stand in every language as they are; what describes stands only in its own. Bounded by the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import regex

from push.message.bidi import isolated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from push.message.catalogues import Catalogue

_HAN: Final = regex.compile(r"\p{Han}")
_NOT_LATIN: Final = regex.compile(r"[\p{L}--\p{Latin}]", regex.VERSION1)
_LETTER: Final = regex.compile(r"\p{L}")


def has_chinese(text: str) -> bool:
    """Tell whether a text has a Chinese letter."""
    return _HAN.search(text) is not None


def is_written_in(value: str, words: Catalogue) -> bool:
    """Tell whether a value is in the letters of a language; one without letters is of every language."""
    if has_chinese(value):
        return words.script == "Han"
    if _NOT_LATIN.search(value):
        return False
    return words.script == "Latin" or _LETTER.search(value) is None


def of_language(values: Iterable[str | None], words: Catalogue) -> list[str]:
    """Return those values that are of a language, as they are put into a sentence."""
    return [isolated(value) for value in values if value is not None and is_written_in(value, words)]
