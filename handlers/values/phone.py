"""Telephone numbers: one form for what people write in many, and a refusal that says what is expected.

The form: digits with `+`, `-`, `.`, `*`, `#`, spaces and brackets; after it, if there is one, ` ext. ` and the
extension; two numbers are parted by ` / `. A number has 2 to 17 digits (E.164 allows 15, and a prefix to dial out),
since emergency calls have two or three.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

EXPECTED: Final = (
    "a telephone number is expected, as 110, 0755-84450000 or +86 755 8445 0000; an extension follows as ext. 8012 or "
    "转8012, a second number after /"
)
NUMBERS_MAX: Final = 2
DIGITS_MIN: Final = 2
DIGITS_MAX: Final = 17
EXTENSION: Final = " ext. "
BETWEEN: Final = " / "
PHONE_MAX: Final = 80
"""Two numbers of 30 signs with their extensions."""

_DASHES: Final = re.compile("[\u2010-\u2015\u2212\u301c\uff5e~]")
_MARK: Final = r"(?:转|轉|分机号?|ext(?:ension|n)?|x)"
_EXTENSION: Final = re.compile(rf"\s*[,;]?\s*{_MARK}\s*[.:=]?\s*(?P<digits>[0-9]{{1,8}})号?\Z", re.IGNORECASE)
_BETWEEN: Final = re.compile(rf"\s*(?:[/、，]|[,;](?!\s*{_MARK})|或者?|\bor\b)\s*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+(*#]{0,3}[0-9](?:[0-9 ().*#-]{0,28}[0-9#*)])?")


def read_phone(text: str) -> str | None:
    """Return a telephone number in the one form; None when it is none (`EXPECTED` says what is)."""
    numbers = [_read_one(part) for part in _BETWEEN.split(_plain(text)) if part]
    if not 1 <= len(numbers) <= NUMBERS_MAX or None in numbers:
        return None
    return BETWEEN.join(number for number in numbers if number is not None)


def _read_one(text: str) -> str | None:
    found = _EXTENSION.search(text)
    number = text if found is None else text[: found.start()]
    digits = sum(sign.isdecimal() for sign in number)
    if (
        not _NUMBER.fullmatch(number)
        or not DIGITS_MIN <= digits <= DIGITS_MAX
        or number.count("(") != number.count(")")
    ):
        return None
    return number if found is None else f"{number}{EXTENSION}{found['digits']}"


def _plain(text: str) -> str:
    """Return a text with digits, brackets and dashes as ASCII has them, and single spaces."""
    narrow = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    digits = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in narrow)
    seen = "".join(sign for sign in digits if unicodedata.category(sign) not in {"Cc", "Cf"} or sign.isspace())
    return " ".join(seen.split())
