"""Tells whether what somebody was sent is an alert of ours, and makes the page that says so.

Nothing of the alert is said, and nothing of what was asked: it is on no page and in no log. Pure; bounded by
`ASKED_MAX`.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from public.pages.rendering import rendered
from public.pages.texts import texts_of
from runtime.page_codes import PATTERN, PageCode

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED_MAX: Final = 600
"""Characters of a code, a link or the message with it; in UTF-8 and percent signs they fit a request's first line."""

_CODE: Final = re.compile(PATTERN)
_SEPARATED: Final = re.compile(r"[\s-]+")
_LINK: Final = re.compile(
    r"(?:(?<![a-z0-9])https?://|(?<![\w./@=&%?#\\-]))(?P<host>(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d+)?)"
    rf"/[ps]/(?P<code>{PATTERN})(?![\w@-](?<=[!-~]))(?P<rest>(?:/[a-z-]*)?/?(?:[?#][!-~]*)?)"
)
_OTHER_LINK: Final = re.compile(r"://|@\S*[./]|www\.|\w[.。][a-z0-9-]+[/:?\\]")
"""What is left of a message beside our link, and leads to another site or may do so."""

_PORTS: Final = {"http": ":80", "https": ":443"}


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

    The link may have words around it, as a message has. Another site's is none of ours, whatever code stands in it; nor
    is a message that leads to another site as well.
    """
    if len(asked) > ASKED_MAX:
        return None
    text = _plain(asked)
    typed = _SEPARATED.sub("", text)
    if _CODE.fullmatch(typed):
        return PageCode(typed)
    ours = _hosts_of(site)
    codes, left = set(), text
    for link in _LINK.finditer(text):
        if link["host"] in ours and "@" not in link["rest"] and "://" not in link["rest"]:
            codes.add(link["code"])
            left = left.replace(link[0], " ")
    return PageCode(codes.pop()) if len(codes) == 1 and _OTHER_LINK.search(left) is None else None


def _plain(asked: str) -> str:
    """Return a text in small letters, full-width ones as others, without what is not seen."""
    text = unicodedata.normalize("NFKC", asked)
    return "".join(one for one in text if unicodedata.category(one) != "Cf").strip().lower()


def _hosts_of(site: str) -> set[str]:
    """Return how the host of an address is written: with its port, and without where it is the usual one."""
    link = urlsplit(site.lower())
    named = link.netloc.removesuffix(_PORTS.get(link.scheme, ""))
    return {named} if ":" in named or not named else {named, *(named + port for port in _PORTS.values())}


def verify_page(language: str, languages: Sequence[str], verdict: Verdict | None) -> bytes:
    """Return the page with its form, and a verdict where there is one."""
    return rendered("verify.html", language, languages, t=texts_of(language), verdict=verdict, asked_max=ASKED_MAX)
