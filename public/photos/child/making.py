"""Makes three pictures of one: turned upright, in sRGB, on white, without metadata, each small enough.

Bounded: `ATTEMPTS` encodings of each size.
"""

from __future__ import annotations

import contextlib
from io import BytesIO
from typing import Final, NamedTuple

from PIL import ExifTags, Image, ImageCms, ImageOps

from public.photos.child.metadata import Metadata, metadata_of
from public.photos.child.reading import open_picture
from public.photos.picture_sizes import BYTES_MAX, HEIGHT_TO_WIDTH_MAX, WIDTHS

QUALITIES: Final = (82, 72, 62, 52, 42, 32)
"""Below the last of them faces have blocks: a smaller picture shows more."""
SHRINKS: Final = 6
SHRINK: Final = 0.75
ATTEMPTS: Final = len(QUALITIES) * (SHRINKS + 1)

_SIXTEEN_BITS: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


class Made(NamedTuple):
    """The three pictures, from small to large, and what is known of them."""

    jpegs: list[bytes]
    difference_hash: int
    metadata: Metadata


def make_pictures(data: bytes, pixels_max: int) -> Made:
    """Return what is made of the bytes of a picture; raises whatever its decoder raises."""
    opened = open_picture(data, pixels_max)
    metadata, orientation = _read_exif(opened)
    largest = _reduce(opened, WIDTHS[-1], turned=orientation >= 5)  # noqa: PLR2004 - EXIF's: 5 to 8 are on their side
    largest = _turned(_opaque(largest), orientation)
    jpegs = [_encode(_fitted(largest, width), most) for width, most in zip(WIDTHS, BYTES_MAX, strict=True)]
    return Made(jpegs, difference_hash(largest), metadata)


def difference_hash(picture: Image.Image) -> int:
    """Return 64 bits that say of 8 x 8 places whether the picture becomes brighter to the right, as a signed number."""
    pixels = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (pixels[at] < pixels[at + 1])
    return bits - (1 << 64) if bits >> 63 else bits


def _read_exif(opened: Image.Image) -> tuple[Metadata, int]:
    """Return what EXIF says, and how the picture is to be turned; broken metadata are no broken picture."""
    with contextlib.suppress(Exception):
        exif = opened.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        return metadata_of(exif), orientation if orientation in range(1, 9) else 1
    return Metadata(), 1


def _reduce(picture: Image.Image, width: int, *, turned: bool) -> Image.Image:
    """Return a picture of about its final size, so that what follows costs little."""
    high = width * HEIGHT_TO_WIDTH_MAX
    box = (high, width) if turned else (width, high)
    if picture.mode == "P":
        picture = picture.convert("RGBA")
    if picture.mode in _SIXTEEN_BITS:
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    picture.thumbnail((int(box[0]), int(box[1])), Image.Resampling.LANCZOS)
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    """Return the picture in sRGB on white, with nothing that belongs to the file."""
    profile = picture.info.get("icc_profile")
    if isinstance(profile, bytes) and picture.mode in {"RGB", "CMYK", "L"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            converted = ImageCms.profileToProfile(
                picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            picture = converted or picture
    ground = Image.new("RGB", picture.size, "white")
    if "A" in picture.getbands() or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        ground.paste(seen, mask=seen.getchannel("A"))
    else:
        ground.paste(picture.convert("RGB"))
    return ground


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as EXIF's orientation wants it to be seen."""
    if orientation == 1:
        return picture
    exif = picture.getexif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = ImageOps.exif_transpose(picture)
    turned.info.clear()
    return turned


def _fitted(picture: Image.Image, width: int) -> Image.Image:
    """Return a copy that is at most so wide, and so high as that allows."""
    copy = picture.copy()
    copy.thumbnail((width, int(width * HEIGHT_TO_WIDTH_MAX)), Image.Resampling.LANCZOS)
    return copy


def _encode(picture: Image.Image, bytes_max: int) -> bytes:
    """Return the JPEG of the best quality that is small enough; if none is, of a smaller picture."""
    for _ in range(SHRINKS + 1):
        for quality in QUALITIES:
            file = BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
            if file.tell() <= bytes_max:
                return file.getvalue()
        width, height = picture.size
        picture = picture.resize((max(1, int(width * SHRINK)), max(1, int(height * SHRINK))), Image.Resampling.LANCZOS)
    raise ValueError("no quality is small enough")
