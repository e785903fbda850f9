"""Devices as the index keeps them: time, lane, locale and token flow in, one record of bytes flows out, readable again.

Six bytes of time (ms), the lane's name, then, after a zero byte each, the locale and the token where there are any. A
user of a lane that addresses accounts, with the usual locale, costs nothing more than time and lane.
Bounded: `TOKEN_MAX` and `LOCALE_MAX` characters, which the edge checks.
"""

from __future__ import annotations

from itertools import compress
from operator import methodcaller
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCALE_USUAL: Final = "zh-CN"
LOCALE_MAX: Final = 35
"""BCP 47 asks for room for so many characters (RFC 5646 4.4.1)."""

TOKEN_MAX: Final = 4096
TIME_BYTES: Final = 6
SEPARATOR: Final = b"\0"
_USUAL: Final = SEPARATOR * 2


class Device(NamedTuple):
    """How a user is reached in a lane: in which language, and at which token."""

    locale: str
    token: bytes


class DeadToken(NamedTuple):
    """A token at which nobody is reached any more, since a moment (ms): who was heard from later has another one."""

    user: int
    token: bytes
    since_ms: int


class Devices(NamedTuple):
    """How users are reached in a lane, in their order: tokens, None for who is not in it.

    `locales` by place: of those who read another language than the usual one. Columns, because a lane of tokens looks
    at each of millions of phones right before it is sent to.
    """

    tokens: list[bytes | None]
    locales: dict[int, str]

    def kept(self, wanted: Sequence[bool]) -> Devices:
        """Return the same without all others."""
        if not self.locales:
            return Devices([*compress(self.tokens, wanted)], {})
        rows = [*compress(range(len(self.tokens)), wanted)]
        locales = {place: self.locales[row] for place, row in enumerate(rows) if row in self.locales}
        return Devices([self.tokens[row] for row in rows], locales)


def devices_from(records: Sequence[bytes | None], lane: str) -> Devices:
    """Read the records of many users in a lane, of whom all have an address; None stands for who is not there."""
    start = TIME_BYTES + len(lane)
    token = start + len(_USUAL)
    tokens = [None if one is None else one[token:] for one in records]
    known = records if None not in records else [one for one in records if one is not None]
    locales: dict[int, str] = {}
    if not all(map(methodcaller("startswith", _USUAL, start), known)):
        for row, one in enumerate(records):
            if one is not None and not one.startswith(_USUAL, start):
                locales[row], tokens[row] = device_from(one[start:])
    return Devices(tokens, locales)


def address(locale: str, token: str | None) -> bytes:
    """Return what follows the lane's name in a record; empty for the usual locale without a token."""
    shown = "" if locale == LOCALE_USUAL else locale
    if token is not None:
        return SEPARATOR + shown.encode() + SEPARATOR + token.encode()
    return SEPARATOR + shown.encode() if shown else b""


def device_from(written: bytes) -> Device:
    """Read what `address` wrote."""
    locale, _, token = written[1:].partition(SEPARATOR)
    return Device(locale.decode() if locale else LOCALE_USUAL, token)
