"""What somebody wrote who saw a child: the words of a report, as they are sealed.

Bounded by the lengths of its fields (characters); more is cut where it comes in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from runtime.decoding import read_or_none
from runtime.page_codes import PATTERN

WHAT_MAX: Final = 2000
PLACE_MAX: Final = 300
CONTACT_MAX: Final = 200
PHOTOS_MAX: Final = 3


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, where in words, and how to reach who saw it, where they want that; `language`: of the form."""

    what: Annotated[str, Meta(max_length=WHAT_MAX)] = ""
    place: Annotated[str, Meta(max_length=PLACE_MAX)] = ""
    contact: Annotated[str, Meta(max_length=CONTACT_MAX)] = ""
    language: Annotated[str, Meta(max_length=40)] = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reported of the page `code`: degrees in WGS-84.

    `block`: the address block that it came from, which is stored as part of a digest only. `proved`: with a proof of
    work.
    """

    id: UUID
    code: Annotated[str, Meta(pattern=rf"^{PATTERN}\Z")]
    receipt: Annotated[str, Meta(pattern=r"^[0-9a-z]{8,40}\Z")]
    received_at: Annotated[datetime, Meta(tz=True)]
    said: Said
    seen_at: Annotated[datetime, Meta(tz=True)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    block: Annotated[str, Meta(max_length=50)] = ""
    proved: bool = False


_DECODER = msgspec.json.Decoder(Said)


def read_said(content: bytes | None) -> Said | None:
    """Return what was written; None where it cannot be read."""
    return read_or_none(_DECODER, content)
