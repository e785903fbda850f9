"""Writes small PNG files: of the colours of a picture the most frequent, the others as the nearest of them.

Bounded: `COLOURS`.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS: Final = 256
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
PALETTE: Final = 3
"""The colour type of PNG whose pixels are numbers of colours."""


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG; `pixels`: rows of columns of red, green and blue."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3).astype(np.int32)
    packed = flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]
    found, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    kept = found[np.argsort(-counts)[:COLOURS]]
    rgb = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1)
    all_rgb = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    nearest = np.array([np.argmin(((rgb - one) ** 2).sum(axis=1)) for one in all_rgb], dtype=np.uint8)
    rows = nearest[places].reshape(height, width)
    lines = np.concatenate([np.zeros((height, 1), dtype=np.uint8), rows], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, PALETTE, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", rgb.astype(np.uint8).tobytes()), (b"IDAT", zlib.compress(lines.tobytes(), 9)))
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in (*parts, (b"IEND", b"")))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
