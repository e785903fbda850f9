"""Keeps a sentence readable in which scripts of both directions stand (Unicode Standard Annex 9).

What runs from right to left is isolated, so that it cannot turn the digits around it: a telephone number beside an
Arabic name would read from its end. Text of one direction stays as it is. Bounded by the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FSI: Final = "\u2068"
PDI: Final = "\u2069"
LRM: Final = "\u200e"
"""Left-to-right mark: a letter that nobody sees."""


_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_STRONG: Final = _RIGHT_TO_LEFT | {"L"}
_TURNING: Final = _RIGHT_TO_LEFT | {"AN"}
_NUMBER: Final = re.compile(r"[+(]{0,2}[0-9][0-9 ()./*#+:-]{0,60}[0-9]")
"""What reads as one number, as a telephone number, a time or a date does."""


def is_right_to_left(text: str) -> bool:
    """Tell whether anything in a text runs from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(sign) in _TURNING for sign in text)


def begins_with_number(text: str) -> bool:
    """Tell whether a digit comes before any letter: then what stands before the text gives it its direction."""
    kinds = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind for kind in kinds if kind in _STRONG or kind == "EN"), "") == "EN"


def isolated(value: str) -> str:
    """Return a value as it is put into a sentence: apart from what stands around it where it runs the other way."""
    return f"{FSI}{readable(value)}{PDI}" if is_right_to_left(value) else value


def readable(text: str) -> str:
    """Return a text of any length of which each number reads as it was written, also beside the other direction.

    In a text that begins from right to left its numbers are isolated, in any other what runs from right to left is.
    """
    if not is_right_to_left(text):
        return text
    return "\n".join(_readable_line(line) for line in text.split("\n"))


def closed(text: str) -> str:
    """Return the beginning of a text with the isolates closed that were cut open."""
    return text + PDI * (text.count(FSI) - text.count(PDI))


def _readable_line(line: str) -> str:
    first = next((kind for sign in line if (kind := unicodedata.bidirectional(sign)) in _STRONG), "L")
    return _with_numbers_isolated(line) if first in _RIGHT_TO_LEFT else _with_runs_isolated(line)


def _with_numbers_isolated(text: str) -> str:
    return _NUMBER.sub(lambda found: f"{FSI}{found.group()}{PDI}", text)


def _with_runs_isolated(line: str) -> str:
    """Isolate each run from right to left, with what has no direction of its own within it."""
    parts: list[str] = []
    start = end = -1
    after = 0
    for place, sign in enumerate(line):
        kind = unicodedata.bidirectional(sign)
        if kind in _TURNING:
            start, end = (place if start < 0 else start), place + 1
        elif kind == "L" and start >= 0:
            parts += (line[after:start], FSI, _with_numbers_isolated(line[start:end]), PDI)
            after, start = end, -1
    if start >= 0:
        parts += (line[after:start], FSI, _with_numbers_isolated(line[start:end]), PDI)
        after = end
    return "".join([*parts, line[after:]])
