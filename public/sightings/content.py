"""What somebody wrote who saw a child: the words of a report, as they are sealed.

Bounded by the lengths of its fields (characters); more is cut where it comes in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from runtime.decoding import DECODE_ERRORS

WHAT_MAX: Final = 2000
PLACE_MAX: Final = 300
CONTACT_MAX: Final = 200
PHOTOS_MAX: Final = 3


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, where in words, and how to reach who saw it, where they want that; `language`: of the form."""

    what: str = ""
    place: str = ""
    contact: str = ""
    language: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reported of the page `code`: degrees in WGS-84.

    `block`: the address block that it came from, which is stored as part of a digest only. `proved`: with a proof of
    work.
    """

    id: UUID
    code: str
    receipt: str
    received_at: datetime
    said: Said
    seen_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    accuracy_m: float | None = None
    block: str = ""
    proved: bool = False


_DECODER = msgspec.json.Decoder(Said)


def read_said(content: bytes | None) -> Said | None:
    """Return what was written; None where it cannot be read."""
    if content is None:
        return None
    try:
        return _DECODER.decode(content)
    except DECODE_ERRORS:
        return None
