"""Reads which characters a font has: the table `cmap` of TrueType and OpenType files, and of collections of them.

Formats 4 and 12, which every font of today has. Pure; FontError when the file is none, or is cut off.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTION: Final = b"ttcf"
KINDS: Final = frozenset({b"OTTO", b"\0\1\0\0", b"true"})
FONTS_MAX: Final = 64
"""In one collection."""
CHARACTER_MAX: Final = 0x10FFFF
_LAST: Final = 0xFFFF
_SEGMENTS, _GROUPS = 4, 12


class FontError(ValueError):
    """A file is no font that can be read."""


def characters_of(data: bytes) -> frozenset[int]:
    """Return the code points that each font of a file has."""
    try:
        if data[:4] != COLLECTION:
            return frozenset(_characters(data, 0))
        (count,) = struct.unpack_from(">I", data, 8)
        starts = struct.unpack_from(f">{min(count, FONTS_MAX)}I", data, 12)
        return frozenset.intersection(*(frozenset(_characters(data, start)) for start in starts))
    except (struct.error, IndexError, TypeError) as error:
        raise FontError("the file is cut off") from error


def _characters(data: bytes, start: int) -> Iterator[int]:
    if data[start : start + 4] not in KINDS:
        raise FontError("neither TrueType nor OpenType")
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        name, _, at, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if name == b"cmap":
            yield from _of_table(data, at)


def _of_table(data: bytes, at: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", data, at + 2)
    offsets = {struct.unpack_from(">HHI", data, at + 4 + 8 * number)[2] for number in range(count)}
    for offset in sorted(offsets):
        (kind,) = struct.unpack_from(">H", data, at + offset)
        if kind == _SEGMENTS:
            yield from _of_segments(data, at + offset)
        elif kind == _GROUPS:
            yield from _of_groups(data, at + offset)


def _of_segments(data: bytes, at: int) -> Iterator[int]:
    """Format 4: segments of 16 bits, each with a shift, or with glyphs of its own."""
    (twice,) = struct.unpack_from(">H", data, at + 6)
    count = twice // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + twice)
    shifts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * twice)
    places = at + 16 + 3 * twice
    ranges = struct.unpack_from(f">{count}H", data, places)
    for number, (first, last, shift, offset) in enumerate(zip(starts, ends, shifts, ranges, strict=True)):
        for code in range(first, last + 1):
            if offset == 0:
                glyph = (code + shift) & _LAST
            else:
                (glyph,) = struct.unpack_from(">H", data, places + 2 * number + offset + 2 * (code - first))
            if glyph and code != _LAST:
                yield code


def _of_groups(data: bytes, at: int) -> Iterator[int]:
    """Format 12: groups of 32 bits."""
    (count,) = struct.unpack_from(">I", data, at + 12)
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * number)
        if last > CHARACTER_MAX:
            raise FontError("a group beyond Unicode")
        yield from range(first + (glyph == 0), last + 1)
