"""Reads anchors of the audit trail out of a file of them, or out of log lines, for `audit verify --anchors`.

Lines of a log may have something before the JSON, or be those of a terminal; other lines are left out. Bounded:
`LINE_BYTES` a line, `ANCHORS_MAX` different anchors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import msgspec
from msgspec import Meta

from runtime.decoding import DECODE_ERRORS
from server.upkeep.anchoring import EVENT

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_BYTES: Final = 64 * 1024
ANCHORS_MAX: Final = 2_000_000
"""One every five minutes for nineteen years."""

WRAPPERS: Final = ("log", "MESSAGE", "message")
"""Where Docker, systemd and collectors of logs keep a line that they wrap in JSON of their own."""

_COLOUR: Final = re.compile(rb"\x1b\[[0-9;]*m")
_ON_TERMINAL: Final = re.compile(rb"(?=.*?\bseq=(\d{1,18})\b)(?=.*?\bdigest=([0-9a-f]{64})\b)")


class AnchorsError(Exception):
    """The anchors cannot be used; the text says why."""


class _Line(msgspec.Struct, frozen=True):
    event: str
    seq: Annotated[int, Meta(ge=1)]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class AnchorsRead(msgspec.Struct, frozen=True):
    """The digests of each event's anchors, and the numbers of lines that look like an anchor and are none."""

    heads: dict[int, frozenset[str]]
    unreadable: list[int]


def read_anchors(stream: BinaryIO) -> AnchorsRead:
    """Read all anchors; AnchorsError when there is none, or too many."""
    heads: dict[int, set[str]] = {}
    unreadable: list[int] = []
    for number, line in enumerate(_lines(stream), start=1):
        if EVENT.encode() not in line:
            continue
        try:
            anchor = _read(line)
        except DECODE_ERRORS:
            unreadable.append(number)
            continue
        if anchor is not None:
            heads.setdefault(anchor.seq, set()).add(anchor.digest)
        if len(heads) > ANCHORS_MAX:
            raise AnchorsError(f"more than {ANCHORS_MAX} anchors: give fewer files at once")
    if not heads:
        raise AnchorsError("no anchor in it: nothing would be verified")
    return AnchorsRead({seq: frozenset(digests) for seq, digests in heads.items()}, unreadable)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield lines, and a longer one in parts, none of which is an anchor."""
    while line := stream.readline(LINE_BYTES):
        yield line


def _read(line: bytes) -> _Line | None:
    """Return the anchor of a line, None for another event that only mentions one; ValueError when it is damaged."""
    start = line.find(b"{")
    if start < 0:
        shown = _ON_TERMINAL.match(_COLOUR.sub(b"", line))
        if shown is None:
            raise ValueError
        return _Line(EVENT, int(shown[1]), shown[2].decode())
    found: dict[str, Any] = msgspec.json.decode(line[start:].strip(), type=dict[str, Any])
    for name in WRAPPERS:
        if isinstance(inner := found.get(name), str) and EVENT in inner:
            return _read(inner.encode())
    if found.get("event") != EVENT:
        return None
    return msgspec.convert(found, _Line)
