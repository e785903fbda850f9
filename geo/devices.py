"""Devices as the index keeps them: time, lane, locale and token flow in, one record of bytes flows out, readable again.

Six bytes of time (ms), the lane's name, then, after a zero byte each, the locale and the token where there are any. A
user of a lane that addresses accounts, with the usual locale, costs nothing more than time and lane.
Bounded: `TOKEN_MAX` and `LOCALE_MAX` characters, which the edge checks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

LOCALE_USUAL: Final = "zh-CN"
LOCALE_MAX: Final = 35
"""BCP 47 asks for room for so many characters (RFC 5646 4.4.1)."""

TOKEN_MAX: Final = 4096
TIME_BYTES: Final = 6
SEPARATOR: Final = b"\0"


class Device(NamedTuple):
    """How a user is reached in a lane: in which language, and at which token."""

    locale: str
    token: bytes


class DeadToken(NamedTuple):
    """A token at which nobody is reached any more, since a moment (ms): who was heard from later has another one."""

    user: int
    token: bytes
    since_ms: int


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
