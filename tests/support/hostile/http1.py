"""What a hostile provider sends over HTTP/1.1: what comes first, and what is repeated without end.

Bounded: `CHUNK_BYTES` a piece.
"""

from __future__ import annotations

import gzip
from typing import Final, NamedTuple

from tests.support.hostile.http2 import CHUNK_BYTES

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Flood(NamedTuple):
    """A flood: `before` once, then `flood` for as long as it is taken."""

    before: bytes
    flood: bytes = b""


def _repeated(part: bytes) -> bytes:
    return part * max(1, CHUNK_BYTES // len(part))


def _whole(content: bytes, headers: bytes = b"") -> bytes:
    return OK + headers + b"Content-Length: %d\r\n\r\n" % len(content) + content


HTTP1_FLOODS: Final[dict[str, Flood]] = {
    "interim answers": Flood(b"", _repeated(b"HTTP/1.1 102 Processing\r\n\r\n")),
    "a body without end": Flood(OK + b"\r\n", _repeated(b"x")),
    "chunks of one byte": Flood(CHUNKED, _repeated(b"1\r\nx\r\n")),
    "extensions of chunks": Flood(CHUNKED, _repeated(b"1;" + b"e" * 4000 + b"\r\nx\r\n")),
    "headers without end": Flood(OK, _repeated(b"a: b\r\n")),
    "a header without end": Flood(OK + b"a: ", _repeated(b"x")),
    "a status line without end": Flood(b"HTTP/1.1 200 ", _repeated(b"x")),
    "trailers without end": Flood(CHUNKED + b"0\r\n", _repeated(b"a: b\r\n")),
    "a compressed answer": Flood(_whole(gzip.compress(bytes(64 << 20)), b"Content-Encoding: gzip\r\n")),
    "a redirect": Flood(b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
    "another protocol": Flood(b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", _repeated(b"x")),
    "a second answer": Flood(_whole(b"{}"), _repeated(_whole(b"{}"))),
    "garbage": Flood(b"", bytes(turn * 7919 % 251 for turn in range(CHUNK_BYTES))),
    "deep JSON": Flood(_whole(b"[" * (1 << 20))),
    "deep objects": Flood(_whole(b'{"ret_code":' * (1 << 16))),
    "a million values": Flood(_whole(b'{"ret_code":0,"result":"[' + b"0," * 500_000 + b'0]"}')),
    "a number of thousands of digits": Flood(_whole(b'{"ret_code":' + b"9" * 4000 + b"}")),
    "a number of a million digits": Flood(_whole(b'{"ret_code":' + b"9" * 1_000_000 + b"}")),
    "a number beyond all": Flood(_whole(b'{"ret_code":1e99999}')),
    "too many results": Flood(_whole(b'{"ret_code":0,"result":"[' + b"1008006," * 2000 + b'0]"}')),
}
