"""Write and read device records: when a user reported last, in which lane, with which locale and token.

A record is six bytes of time (ms), the lane's name, then, after a zero byte each, the locale and the token if there are
any. A user of a lane that addresses accounts, with the default locale, takes no more than time and lane.
Bounded: `TOKEN_MAX` and `LOCALE_MAX` characters, checked where reports are decoded, and again where records are read:
what is no token is empty, which no lane sends to, and what is no locale is the usual one.
"""

from __future__ import annotations

import re
from itertools import compress
from operator import methodcaller
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCALE_USUAL: Final = "zh-CN"
LOCALE_MAX: Final = 35
"""BCP 47 asks implementations to allow at least this many characters (RFC 5646 4.4.1)."""

TOKEN_MAX: Final = 4096
TIME_BYTES: Final = 6
SEPARATOR: Final = b"\0"
_DEFAULT: Final = SEPARATOR * 2
_LOCALE: Final = re.compile(rb"[A-Za-z0-9-]{1,%d}" % LOCALE_MAX)


class Device(NamedTuple):
    """How to reach a user in a lane: the locale and the token."""

    locale: str
    token: bytes


class DeadToken(NamedTuple):
    """A token that a provider has called invalid since a moment (ms); a user who reported later has a new one."""

    user: int
    token: bytes
    since_ms: int


class Devices(NamedTuple):
    """How to reach users in a lane, in their order: each user's token, None for a user who is not in the lane.

    `locales` holds the non-default locales, by position. These are columns, because a token lane looks up each of
    millions of devices right before it sends to them.
    """

    tokens: list[bytes | None]
    locales: dict[int, str]

    def kept(self, wanted: Sequence[bool]) -> Devices:
        """Return only the wanted users' devices."""
        if not self.locales:
            return Devices([*compress(self.tokens, wanted)], {})
        rows = [*compress(range(len(self.tokens)), wanted)]
        locales = {position: self.locales[row] for position, row in enumerate(rows) if row in self.locales}
        return Devices([self.tokens[row] for row in rows], locales)


def devices_from(records: Sequence[bytes | None], lane: str) -> Devices:
    """Read the records of many users in a token lane; None stands for a user who is not in the lane."""
    start = TIME_BYTES + len(lane)
    token = start + len(_DEFAULT)
    tokens = [None if one is None else one[token:] for one in records]
    known = records if None not in records else [one for one in records if one is not None]
    locales: dict[int, str] = {}
    if not all(map(methodcaller("startswith", _DEFAULT, start), known)):
        for row, one in enumerate(records):
            if one is not None and not one.startswith(_DEFAULT, start):
                locales[row], tokens[row] = device_from(one[start:])
    if max(map(len, filter(None, tokens)), default=0) > TOKEN_MAX:
        tokens = [b"" if token is not None and len(token) > TOKEN_MAX else token for token in tokens]
    return Devices(tokens, locales)


def address(locale: str, token: str | None) -> bytes:
    """Return the part of a record after the lane's name; empty for the default locale without a token."""
    written = "" if locale == LOCALE_USUAL else locale
    if token is not None:
        return SEPARATOR + written.encode() + SEPARATOR + token.encode()
    return SEPARATOR + written.encode() if written else b""


def device_from(written: bytes) -> Device:
    """Read the result of `address`."""
    locale, _, token = written[1:].partition(SEPARATOR)
    return Device(locale.decode() if _LOCALE.fullmatch(locale) else LOCALE_USUAL, token)
