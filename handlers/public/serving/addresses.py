"""Which object stands at which address of the site.

Pure. What is not named here has no address: what is kept, what strangers sent, and keys.
"""

from __future__ import annotations

import re
from typing import Final

from runtime.page_codes import PATTERN

LANGUAGE: Final = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}"
ADDRESS_MAX: Final = 200
"""Characters of the longest address that leads anywhere, and more."""

_PAGE: Final = re.compile(rf"/p/({PATTERN})(?:/({LANGUAGE}))?")
_OF_A_PAGE: Final = re.compile(
    rf"/(p/{PATTERN}/(?:state\.json|qr\.svg|(?:photo|card|poster)\.[A-Za-z0-9.-]{{1,80}}\.(?:jpg|png|pdf)))"
)
_MODULE: Final = re.compile(r"/(static/[a-z-]{1,40}\.[0-9a-f]{8,64}\.js)")
_STATISTICS: Final = re.compile(rf"/statistics(?:/({LANGUAGE}))?")
_NUMBERS: Final = "/statistics.json"


def object_of(address: str, language: str) -> str | None:
    """Return the path of the object at an address, None where there is none; `language`: where it names none."""
    if len(address) > ADDRESS_MAX:
        return None
    if found := _PAGE.fullmatch(address):
        return f"published/p/{found[1]}/index.{found[2] or language}.html"
    if found := _OF_A_PAGE.fullmatch(address) or _MODULE.fullmatch(address):
        return f"published/{found[1]}"
    if found := _STATISTICS.fullmatch(address):
        return f"published/statistics.{found[1] or language}.html"
    return "published/statistics.json" if address == _NUMBERS else None
