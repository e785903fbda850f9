"""Tells whether what somebody was sent is an alert of ours, and makes the page that says so.

Nothing of the alert is said, and nothing of what was asked: it is on no page and in no log. Pure; bounded by
`ASKED_MAX`.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from public.pages.rendering import rendered
from public.pages.texts import texts_of
from runtime.page_codes import PATTERN, PageCode

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED_MAX: Final = 300
"""Characters of a code or link: ours have a tenth of that."""

_CODE: Final = re.compile(PATTERN)
_PATH: Final = re.compile(rf"/p/({PATTERN})(?:/[A-Za-z-]*)?")
_SEPARATED: Final = re.compile(r"[\s-]+")


class Verdict(enum.StrEnum):
    """What there is to say of a code or link."""

    LIVE = "live"
    EXERCISE = "exercise"
    """Ours, and nobody is missing."""

    OVER = "over"
    NOT_OURS = "not_ours"
    AWAY = "away"


def code_in(asked: str, site: str) -> PageCode | None:
    """Return the code that somebody typed, or that stands in a link to our site (`https://host`); None for any other.

    A link to another site is none of ours, whatever code stands in it.
    """
    text = asked.strip()[:ASKED_MAX]
    typed = _SEPARATED.sub("", text).lower()
    if _CODE.fullmatch(typed):
        return PageCode(typed)
    try:
        link = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return None
    found = _PATH.fullmatch(link.path)
    if found is None or link.scheme not in {"http", "https"} or link.netloc.lower() != urlsplit(site).netloc.lower():
        return None
    return PageCode(found[1])


def verify_page(language: str, languages: Sequence[str], verdict: Verdict | None) -> bytes:
    """Return the page with its form, and a verdict where there is one."""
    return rendered("verify.html", language, languages, t=texts_of(language), verdict=verdict)
