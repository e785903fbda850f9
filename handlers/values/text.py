"""Text: makes what somebody typed safe to be shown, whatever its script, and tells blank from given.

Control characters and bidirectional controls are never meant and are taken out; white space around a value is trimmed;
what is left is in Unicode's composed form (NFC), so that one text has one spelling.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_INVISIBLE_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers that Unicode counts among letters and symbols, although nobody sees them."""

_INVISIBLE: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
"""Not those without a category or of private use: rare letters of names stand there."""

_BIDI_CONTROLS: Final = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates; the marks U+200E, U+200F and U+061C turn nothing and stay."""

_NEVER_MEANT: Final = re.compile(
    f"[{_BIDI_CONTROLS}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_LINE_BREAKS: Final = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
QUOTED_MAX: Final = 500
"""Of what somebody sent, as an answer names it: enough to find the place."""

MARKS_MAX: Final = 8
"""Marks on one letter: no script needs so many, and more of them cover the lines around."""

_MARKS: Final = re.compile(
    rf"([\u0300-\u036f\u20d0-\u20ff\ufe20-\ufe2f]{{{MARKS_MAX}}})[\u0300-\u036f\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def clean(text: str) -> str:
    """Return a text of several lines as it is meant; empty when nothing of it can be seen."""
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = _NEVER_MEANT.sub("", _LINE_BREAKS.sub("\n", text).replace("\t", " "))
    trimmed = _trimmed(_MARKS.sub(r"\1", unicodedata.normalize("NFC", plain)))
    return trimmed if any(_stands_alone(sign) for sign in trimmed) else ""


def clean_line(text: str) -> str:
    """Return a text of one line as it is meant: each line break becomes a space."""
    return clean(text).replace("\n", " ")


def is_blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen."""
    return not clean(text)


def _trimmed(text: str) -> str:
    """Return a text without what nobody sees at its ends."""
    start, end = 0, len(text)
    while start < end and _is_unseen(text[start]):
        start += 1
    while end > start and _is_unseen(text[end - 1]):
        end -= 1
    return text[start:end]


def _stands_alone(sign: str) -> bool:
    """Tell whether a sign is seen without another one that it marks."""
    return not _is_unseen(sign) and not unicodedata.category(sign).startswith("M")


def _is_unseen(sign: str) -> bool:
    return sign in _INVISIBLE_LETTERS or unicodedata.category(sign) in _INVISIBLE


def quoted(text: str) -> str:
    """Return a text that may quote what somebody sent: bounded, and with whatever nobody sees written as its code."""
    short = text if len(text) <= QUOTED_MAX else f"{text[:QUOTED_MAX]}…"
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in short)
