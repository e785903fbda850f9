"""The words in which people's actions on a page are counted: what they did, and through which channel they came.

A page sends both as one short text, `open p`. Pure; bounded by the words.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

BEACON_BYTES: Final = 16
"""The longest beacon has eight."""


class Channel(enum.StrEnum):
    """How people came to a page, by the fragment of its address: it is never sent to a server, nor to a cache."""

    PUSH = "push"
    SHARE = "share"
    POSTER = "poster"
    OTHER = "other"


class Kind(enum.StrEnum):
    """What people did on a page; `report`, and `passed` on to the police, are counted by the record itself."""

    OPEN = "open"
    SHARE = "share"
    COPY = "copy"
    POSTER = "poster"
    CALL = "call"
    REPORT = "report"
    PASSED = "passed"


LETTERS: Final = {"p": Channel.PUSH, "s": Channel.SHARE, "q": Channel.POSTER}
"""`#p` stands in the push's link, `#s` in the link that people share, `#q` in the QR code of posters."""

SENT: Final = (Kind.OPEN, Kind.SHARE, Kind.COPY, Kind.POSTER, Kind.CALL)
_KINDS: Final = {kind.value: kind for kind in SENT}


class Action(NamedTuple):
    """What somebody did on a page."""

    kind: Kind
    channel: Channel


def read_beacon(body: bytes) -> Action | None:
    """Return what a page says; None for what none of our pages says."""
    if len(body) > BEACON_BYTES:
        return None
    kind, _, letter = body.decode("ascii", errors="replace").partition(" ")
    known = _KINDS.get(kind)
    return None if known is None else Action(known, LETTERS.get(letter, Channel.OTHER))
