"""Header blocks (RFC 7541): encodes once what many calls share, as indices of the peer's table.

The library hpack encodes; a block that is only indices stands until the table changes, so each call costs no encoding.
Bounded: the peer's table, of which `TABLE_BYTES` are used; the peer may keep none for us.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hpack import Decoder, Encoder
from hpack.exceptions import HPACKError

from push.transport.http2.frames import COMPRESSION_ERROR, HEADER_LIST_BYTES, ProtocolError
from push.transport.http2.retry_after import parse_retry_after_s

TABLE_BYTES: Final = 4096
INDEXED_OK: Final = b"\x88"
"""A 200 begins with this index of the static table, and its other headers are of no interest (RFC 7541, appendix A)."""

OK: Final = 200
STATUS_DIGITS: Final = 3
_INDEXED, _LONG_INDEX = 0x80, 0xFF


class Head(NamedTuple):
    """What thousands of calls share; without a `path` each call has its own."""

    headers: tuple[tuple[str, str], ...]
    path: str | None = None


class HeaderBlocks:
    """One connection's header blocks, ours and the peer's."""

    def __init__(self, scheme: str, authority: str) -> None:
        self._pseudo = ((":method", "POST"), (":scheme", scheme), (":authority", authority))
        self._encoder = Encoder()
        self._encoder.header_table_size = self._size = self._smallest = TABLE_BYTES
        self._blocks: dict[Head, tuple[bytes, bytes]] = {}
        # Our peer may keep no table for us, so that each of its blocks can be read, or skipped, by itself.
        self._decoder = Decoder(max_header_list_size=HEADER_LIST_BYTES)
        self._decoder.max_allowed_table_size = 0
        # It may say so in a block that is skipped, so that is not waited for.
        self._decoder.header_table_size = 0

    def resize(self, table_bytes: int) -> None:
        """Note how large a table the peer keeps."""
        self._size = min(table_bytes, TABLE_BYTES)
        self._smallest = min(self._smallest, self._size)
        self._blocks.clear()

    def of(self, head: Head) -> tuple[bytes, bytes, bool]:
        """Return what comes before and after a call's path, and whether that is good for the calls that follow too.

        A call with it is to be sent, and before any other: the peer's table changes with what the block adds.
        """
        known = self._blocks.get(head)
        if known is not None:
            return *known, True
        self._resize()
        path = () if head.path is None else ((":path", head.path),)
        before = self._encoder.encode((*self._pseudo, *path))
        after = self._encoder.encode(head.headers)
        if _only_indices(before) and _only_indices(after):
            self._blocks[head] = before, after
            return before, after, True
        # What this block adds to the table moves the indices of all others.
        self._blocks.clear()
        return before, after, False

    def _resize(self) -> None:
        """Let the next block say the smallest size since the last one, and the size that holds (RFC 7541, 4.2).

        The library would say every size there was, also those that the peer does not allow any more, and would forget
        one that is set twice.
        """
        for size in (self._smallest, self._size):
            if size < self._encoder.header_table_size or size == self._size != self._encoder.header_table_size:
                self._encoder.header_table_size = size
        self._smallest = self._size

    def status_of(self, block: bytes) -> tuple[int, float | None]:
        """Return the status of an answer, 0 when it has none, and its Retry-After in seconds."""
        if block[:1] == INDEXED_OK:
            return OK, None
        status, retry_after_s = 0, None
        try:
            for name, value in self._decoder.decode(block, raw=True):
                if name == b":status":
                    status = _status(value)
                elif name == b"retry-after":
                    retry_after_s = _retry_after_s(value)
        except (HPACKError, ValueError) as error:
            raise ProtocolError("no header block", COMPRESSION_ERROR) from error
        return status, retry_after_s


def _status(value: bytes) -> int:
    """Read a status; ValueError for what is none, such as a number of thousands of digits."""
    if len(value) != STATUS_DIGITS or not value.isdigit():
        raise ValueError("not a status")
    return int(value)


def _retry_after_s(value: bytes) -> float | None:
    """Read a Retry-After; a date that cannot be read (without a zone, beyond all years) is none."""
    try:
        return parse_retry_after_s(value.decode("ascii", "replace"))
    except (TypeError, ValueError, OverflowError):
        return None


def _only_indices(block: bytes) -> bool:
    return all(byte & _INDEXED and byte != _LONG_INDEX for byte in block)
