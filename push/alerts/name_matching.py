"""Names: compares names as people type them, and finds them in texts.

However something is written (case, width, spaces, points, invisible signs), it is the same name.
Bounded by the texts.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME_MIN: Final = 2
"""A single character of a name stands in many an honest identifier."""

LATIN_MIN: Final = 6
"""`Li` stands in `police`, and 110 in many a number."""


def folded(text: str) -> str:
    """Return the letters and digits of a text, as they compare."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def names_child(identifier: str, names: Iterable[str]) -> bool:
    """Tell whether an identifier, which stays for ever, has a name or a number to call in it.

    Short Latin words and numbers stand in many an identifier by chance, and a case is not refused for that.
    """
    text = folded(identifier)
    forms = [folded(one) for one in names if not one.isascii() or len(folded(one)) >= LATIN_MIN]
    return any(len(form) >= NAME_MIN and form in text for form in forms)
