"""What a hostile provider sends over HTTP/2: each flood is bytes that answer nothing, to be repeated without end.

Bounded: `CHUNK_BYTES` a piece.
"""

from __future__ import annotations

from typing import Final

from push.transport.http2 import frames as wire
from push.transport.http2.frames import FRAME, NUMBER, SETTING

CHUNK_BYTES: Final = 1 << 18
"""What an event loop reads at once."""

OK, EARLY = b"\x88", b"\x08\x03103"
LAST: Final = (1 << 31) - 1


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return FRAME.pack(len(payload) << 8 | kind, flags, stream) + payload


def _settings(*pairs: tuple[int, int]) -> bytes:
    return _frame(wire.SETTINGS, payload=b"".join(SETTING.pack(*one) for one in pairs))


def _repeated(*frames: bytes) -> bytes:
    whole = b"".join(frames)
    return whole * max(1, CHUNK_BYTES // len(whole))


BLOCK: Final = _frame(wire.HEADERS, wire.END_HEADERS, 1, EARLY)
LITERAL: Final = b"\x00\x01a\x7f\x81\x7b" + b"x" * 16_000
"""A header that is one KiB short of a frame, as a literal."""

HUFFMAN: Final = EARLY + b"\x00\x01a\xff\xc1\x3d" + b"\x1f" * 8000
"""A header in Huffman's code: five bits a letter, and the slowest to decode."""

FLOODS: Final[dict[str, bytes]] = {
    "interim answers": _repeated(BLOCK),
    "interim answers with long headers": _repeated(_frame(wire.HEADERS, wire.END_HEADERS, 1, HUFFMAN)),
    "long headers of each answer": b"".join(
        _frame(wire.HEADERS, wire.END_HEADERS, stream, HUFFMAN) for stream in range(1, 2000, 2)
    ),
    "empty settings": _repeated(_settings()),
    "settings that change the window back and forth": _repeated(
        _settings((wire.INITIAL_WINDOW_SIZE, 0)), _settings((wire.INITIAL_WINDOW_SIZE, 65_535))
    ),
    "settings that change the table back and forth": _repeated(
        _settings((wire.HEADER_TABLE_SIZE, 0)), _settings((wire.HEADER_TABLE_SIZE, 4096))
    ),
    "settings of thousands of values": _repeated(_settings(*[(wire.HEADER_TABLE_SIZE, 0)] * 2700)),
    "confirmed settings": _repeated(_frame(wire.SETTINGS, wire.ACK)),
    "pings": _repeated(_frame(wire.PING, payload=bytes(8))),
    "confirmed pings": _repeated(_frame(wire.PING, wire.ACK, payload=bytes(8))),
    "windows of the connection": _repeated(_frame(wire.WINDOW_UPDATE, payload=NUMBER.pack(1))),
    "windows of a stream": _repeated(_frame(wire.WINDOW_UPDATE, 0, 1, NUMBER.pack(1))),
    "priorities": _repeated(_frame(2, 0, 1, bytes(5))),
    "unknown frames": _repeated(_frame(0xAB, 0, 1)),
    "resets of streams never opened": _repeated(_frame(wire.RST_STREAM, 0, 99_999, NUMBER.pack(8))),
    "answers of streams never opened": _repeated(_frame(wire.HEADERS, 5, 99_999, OK)),
    "bodies of streams never opened": _repeated(_frame(wire.DATA, 0, 99_999, b"x" * 16)),
    "empty bodies before an answer": _repeated(_frame(wire.DATA, 0, 1)),
    "an answer of empty frames": _frame(wire.HEADERS, wire.END_HEADERS, 1, OK) + _repeated(_frame(wire.DATA, 0, 1)),
    "answers of one-byte frames": b"".join(
        _frame(wire.HEADERS, wire.END_HEADERS, stream, OK) for stream in range(1, 400, 2)
    )
    + _repeated(*(_frame(wire.DATA, 0, stream, b"x") for stream in range(1, 400, 2))),
    "padding": _frame(wire.HEADERS, wire.END_HEADERS, 1, OK)
    + _repeated(_frame(wire.DATA, wire.PADDED, 1, b"\xff" + b"x" + bytes(255))),
    "empty continuations": _frame(wire.HEADERS, 0, 1, EARLY) + _repeated(_frame(wire.CONTINUATION, 0, 1)),
    "headers of 256 KiB": _frame(wire.HEADERS, 0, 1, LITERAL) + _repeated(_frame(wire.CONTINUATION, 0, 1, LITERAL)),
    "headers that expand": _repeated(_frame(wire.HEADERS, wire.END_HEADERS, 1, EARLY + b"\xbf" * 16_000)),
    "a table that grows": _repeated(
        _frame(wire.HEADERS, wire.END_HEADERS, 1, b"\x3f\xe1\xff\x03" + EARLY + b"\x40\x01a\x01b" * 3000)
    ),
    "trailers without end": _frame(wire.HEADERS, wire.END_HEADERS, 1, OK)
    + _repeated(_frame(wire.HEADERS, wire.END_HEADERS, 1, b"\x00\x01a\x01b")),
    "farewells": b"".join(_frame(wire.GOAWAY, payload=NUMBER.pack(LAST - turn) + bytes(4)) for turn in range(15_000)),
    "pushes": _repeated(_frame(wire.PUSH_PROMISE, wire.END_HEADERS, 1, NUMBER.pack(2) + OK)),
    "numbers without end": _repeated(_frame(wire.HEADERS, wire.END_HEADERS, 1, b"\xff" * 16_000)),
    "garbage": bytes(turn * 7919 % 251 for turn in range(CHUNK_BYTES)),
}
