"""What stands on a share card and a poster: words that are chosen already, and pictures as bytes.

Bounded by the case; what does not fit is set smaller.
"""

from __future__ import annotations

import msgspec


class CardContent(msgspec.Struct, frozen=True, kw_only=True):
    """A share card. Without `photo` and `lines` it says nothing of who is missing."""

    language: str
    heading: str
    lines: tuple[str, ...]
    ask: str
    valid: str
    site: str
    photo: bytes | None = None


class PosterContent(msgspec.Struct, frozen=True, kw_only=True):
    """A poster; `names` stand large above the `facts` of each, `qr` is SVG."""

    language: str
    mark: str
    heading: str
    guidance: str
    people: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    facts: tuple[tuple[str, str], ...]
    call: str
    phone: str
    scan: str
    check: str
    valid: str
    qr: str
    photo: bytes | None = None
