"""Which formats are decoded: chosen by the first bytes, whatever a name or a header says of them.

An allow-list: SVG, PDF, PostScript, TIFF, icons and everything else that can hold scripts or other files is none of
them. Pure; looks at `HEAD` bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

HEAD: Final = 64
"""Bytes that are looked at: a box of HEIF with a dozen brands."""

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})


class PictureFormat(StrEnum):
    """A format that is decoded."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    HEIF = "heif"


def format_of(data: bytes) -> PictureFormat | None:
    """Return the format that the first bytes are of; None for all that is not decoded."""
    if data.startswith(b"\xff\xd8\xff"):
        return PictureFormat.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PictureFormat.PNG
    if data.startswith((b"GIF87a", b"GIF89a")):
        return PictureFormat.GIF
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return PictureFormat.WEBP
    if data[4:8] == b"ftyp" and _HEIF_BRANDS & set(_brands(data)):
        return PictureFormat.HEIF
    return None


def _brands(data: bytes) -> list[bytes]:
    """Return the brands of a file of HEIF's kind: its major one, and those that it is compatible with."""
    end = min(int.from_bytes(data[:4], "big"), HEAD)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
