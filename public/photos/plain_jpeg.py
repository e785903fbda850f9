"""Tells whether bytes are a JPEG as the child encodes it: JFIF, no metadata, nothing after its end.

The child reads what strangers sent, and may be in their hands: nothing that it says is stored before this was asked.
Pure; one pass, bounded by the bytes.
"""

from __future__ import annotations

from typing import Final

START: Final = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
END: Final = b"\xff\xd9"

_TABLES: Final = frozenset({0xDB, 0xC4, 0xDD})
"""DQT, DHT, DRI."""
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended, progressive."""
_SCAN: Final = 0xDA
_MARKER: Final = 0xFF
_WITHIN_SCANS: Final = frozenset({0x00, *range(0xD0, 0xD8)})
"""What follows 0xFF within the data of a scan: a zero, or a restart."""
_LENGTH: Final = 2
_FRAME_BYTES: Final = 7


def plain_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG that has nothing but a picture in it; None for everything else."""
    if not data.startswith(START):
        return None
    size = None
    at = 2
    while True:
        if data[at : at + 2] == END:
            return size if at + 2 == len(data) else None
        if len(data) < at + 4 or data[at] != _MARKER:
            return None
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if length < _LENGTH or at + 2 + length > len(data):
            return None
        if marker in _FRAMES and size is None and length > _FRAME_BYTES:
            size = int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        elif marker not in _TABLES and marker != _SCAN and at != _LENGTH:
            return None
        at += 2 + length
        if marker == _SCAN:
            at = _end_of_scan(data, at)


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker stands after the data of a scan, in which 0xFF is followed by 0 or a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] not in _WITHIN_SCANS:
            return at
        at += 2
