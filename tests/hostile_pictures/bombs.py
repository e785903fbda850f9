"""Small files that become large, or last long: each one's size or number of frames is a lie or a trap."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from tests.support.pictures import encoded, heic, scene

if TYPE_CHECKING:
    from collections.abc import Iterator

SVG = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><text>&x;</text></svg>"""
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file pop\n%%EOF\n"


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield each bomb with its name."""
    for side in (20_000, 65_000, 2**31 - 1):
        yield f"png that says {side} pixels", _png(side, side, zlib.compress(bytes(1000)))
        yield (
            f"gif that says {side} pixels",
            b"GIF89a" + struct.pack("<HHBBB", side % 65_536, 65_535, 0xF0, 0, 0) + bytes(9),
        )
    yield "png of nothing, 64 megapixels", encoded(Image.new("1", (8_000, 8_000)), "PNG")
    yield "png of nothing, 100 megapixels", encoded(Image.new("1", (10_000, 10_000)), "PNG")
    yield "png of 16 bits, 49 megapixels", encoded(Image.new("I;16", (7_000, 7_000)), "PNG")
    yield "jpeg of 63 megapixels", encoded(Image.new("RGB", (9_000, 7_000)), "JPEG")
    yield "progressive jpeg of 63 megapixels", encoded(Image.new("RGB", (9_000, 7_000)), "JPEG", progressive=True)
    yield "webp of 63 megapixels", encoded(Image.new("RGB", (9_000, 7_000)), "WEBP", method=0)
    yield "jpeg of one line", encoded(Image.new("RGB", (65_000, 1)), "JPEG")
    yield "png of one column", encoded(Image.new("RGB", (1, 200_000)), "PNG")
    yield "jpeg of 5,000 scans", _scans(encoded(scene(800, 600), "JPEG", progressive=True), 5_000)
    yield "gif of 5,000 frames", _animated("GIF", 5_000)
    yield "png of 2,000 frames", _animated("PNG", 2_000)
    yield "webp of 1,000 frames", _animated("WEBP", 1_000)
    yield "png whose text unpacks to 500 MB", _text(500_000_000)
    yield "png whose profile unpacks to 500 MB", _profile(500_000_000)
    yield "png whose pixels unpack to 500 MB", _png(100, 100, _packed(500_000_000))
    yield (
        "heic that says 60,000 pixels",
        heic(scene(64, 64)).replace(
            b"ispe\0\0\0\0\0\0\0\x40\0\0\0\x40", b"ispe\0\0\0\0" + (60_000).to_bytes(4, "big") * 2
        ),
    )
    yield "svg", SVG
    yield "eps", EPS
    yield "icns", b"icns" + (64).to_bytes(4, "big") + b"ic10" + (56).to_bytes(4, "big") + bytes(48)


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def _png(width: int, height: int, pixels: bytes, before: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _packed(length: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(length // 1_000_000)) + packer.flush()


def _text(length: int) -> bytes:
    return _png(1, 1, zlib.compress(bytes(4)), chunk(b"zTXt", b"Comment\0\0" + _packed(length)))


def _profile(length: int) -> bytes:
    return _png(1, 1, zlib.compress(bytes(4)), chunk(b"iCCP", b"icc\0\0" + _packed(length)))


def _scans(jpeg: bytes, times: int) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * times + jpeg[-2:]


def _animated(kind: str, frames: int) -> bytes:
    pictures = [Image.new("RGB", (16, 16), (number % 256, number // 256, 0)) for number in range(frames)]
    file = BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:])
    return file.getvalue()
