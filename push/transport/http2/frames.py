"""HTTP/2 frames (RFC 9113): makes the bytes of requests, and reads single frames.

What thousands of calls share is encoded once; each call adds its stream, path and body.
Bounded: a header block and a body are one frame each, `FRAME_BYTES` at most.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 2, 3, 4
MAX_HEADER_LIST_SIZE = 6
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL = 0, 1, 3, 6, 7, 8
COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 9, 11

FRAME: Final = struct.Struct(">IBI")
"""A frame's head: length and kind in one number, flags, stream."""

SETTING: Final = struct.Struct(">HI")
NUMBER: Final = struct.Struct(">I")
FRAME_BYTES: Final = 16_384
"""The longest frame that we take: the smallest limit there may be (RFC 9113, 4.2)."""

WINDOW_BYTES: Final = 65_535
RECEIVE_BYTES: Final = 1 << 20
STREAM_LAST: Final = (1 << 31) - 1
PRIORITY_BYTES: Final = 5
PING_BYTES, GOAWAY_BYTES = 8, 8
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

HEAD_BYTES: Final = FRAME_BYTES // 2
"""The longest head and path of a call: Huffman's code makes some bytes longer, and a block is to fit into a frame."""

_MORE: Final = 0x80
"""A number goes on in the next byte (RFC 7541, 5.1)."""

_PATH_LITERAL: Final = b"\x04"
_SHORT_LENGTH: Final = 127


HEADER_LIST_BYTES: Final = 16 * 1024
"""The longest headers of an answer that we take, as they are counted when they are decoded."""


class ProtocolError(Exception):
    """What has come in is not what HTTP/2 allows, or what we take; `code` is what the peer is told (RFC 9113, 7)."""

    def __init__(self, what: str, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(what)
        self.code = code


def requests(before: bytes, after: bytes, stream: int, calls: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the frames of calls (path and body), on every other stream from `stream` on."""
    parts: list[bytes] = []
    append, pack = parts.append, FRAME.pack
    fixed = len(before) + len(after)
    for path, body in calls:
        literal = _literal(path) if path else b""
        append(pack((fixed + len(literal)) << 8 | HEADERS, END_HEADERS, stream))
        append(before)
        append(literal)
        append(after)
        append(pack(len(body) << 8 | DATA, END_STREAM, stream))
        append(body)
        stream += 2
    return b"".join(parts)


def _literal(path: bytes) -> bytes:
    """Return a path that is not to be kept in the table (RFC 7541, 6.2.2)."""
    length = len(path)
    if length < _SHORT_LENGTH:
        return b"%b%c%b" % (_PATH_LITERAL, length, path)
    rest, number = length - _SHORT_LENGTH, bytearray([_SHORT_LENGTH])
    while rest >= _MORE:
        number.append(rest % _MORE | _MORE)
        rest //= _MORE
    number.append(rest)
    return _PATH_LITERAL + bytes(number) + path


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return FRAME.pack(len(payload) << 8 | kind, flags, stream) + payload


def greeting() -> bytes:
    """Return what a client says first: no pushes, no header table, short headers, a window for many small answers."""
    wanted = ((HEADER_TABLE_SIZE, 0), (ENABLE_PUSH, 0), (MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES))
    ours = b"".join(SETTING.pack(*one) for one in wanted)
    return PREFACE + frame(SETTINGS, 0, 0, ours) + window_update(RECEIVE_BYTES - WINDOW_BYTES)


def reset(stream: int) -> bytes:
    """Return the frame that ends a stream whose answer is not wanted any more."""
    return frame(RST_STREAM, 0, stream, NUMBER.pack(CANCEL))


def goaway(code: int) -> bytes:
    """Return the frame that says why this connection ends; we have processed no stream of the peer's."""
    return frame(GOAWAY, 0, 0, NUMBER.pack(0) + NUMBER.pack(code))


def window_update(more_bytes: int) -> bytes:
    """Return the frame that lets the peer send more on this connection."""
    return frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(more_bytes))


def number(payload: bytes) -> int:
    """Return the number that a frame consists of."""
    if len(payload) != NUMBER.size:
        raise ProtocolError("a frame of a wrong length", FRAME_SIZE_ERROR)
    value: int = NUMBER.unpack(payload)[0]
    return value


def settings(payload: bytes) -> list[tuple[int, int]]:
    """Return the names and values of a SETTINGS frame."""
    if len(payload) % SETTING.size:
        raise ProtocolError("settings of a wrong length", FRAME_SIZE_ERROR)
    found = [*SETTING.iter_unpack(payload)]
    if any(name == INITIAL_WINDOW_SIZE and value > STREAM_LAST for name, value in found):
        raise ProtocolError("a window larger than there may be", FLOW_CONTROL_ERROR)
    return found


def increment(payload: bytes) -> int:
    """Return by how much a window grows."""
    more_bytes = number(payload) & STREAM_LAST
    if not more_bytes:
        raise ProtocolError("a window that does not grow")
    return more_bytes


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return a frame's content without padding and priority."""
    start, end = 0, len(payload)
    if flags & PADDED:
        start, end = 1, end - payload[0] if payload else -1
    if flags & PRIORITY:
        start += PRIORITY_BYTES
    if start > end:
        raise ProtocolError("more padding than frame")
    return payload[start:end]
