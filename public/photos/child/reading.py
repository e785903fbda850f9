"""Opens a picture with the one decoder of its format, and tells its size before a pixel is decoded.

Raises what the decoders raise; `TooManyPixelsError` before they decode.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Final

import pi_heif
from PIL import (
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from public.photos.formats import PictureFormat, format_of

IMPORTED: Final = (ExifTags, ImageCms, ImageOps, TiffImagePlugin)
"""What Pillow imports where it needs it, which it cannot when no file opens any more."""

DRAFT_WIDTH: Final = 2560
"""A JPEG is decoded at half, a quarter or an eighth of its size, where this much of it is left."""


class TooManyPixelsError(ValueError):
    """The picture says that it has more pixels than are decoded."""


def prepare() -> None:
    """Have everything in memory that decoding takes: no module can be imported later."""
    datetime.strptime("2026", "%Y").replace(tzinfo=UTC)  # imports what it is made of
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None  # there is a bound of our own
    pi_heif.options.DECODE_THREADS = 1  # each thread takes address space
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    ImageCms.createProfile("sRGB")


def open_picture(data: bytes, pixels_max: int) -> Image.Image:
    """Return the first picture of a file, decoded; its `info` and its EXIF are those of the file."""
    kind = format_of(data)
    if kind is None:
        raise ValueError("no picture")
    if kind is PictureFormat.HEIF:
        return _open_heif(data, pixels_max)
    opened: Image.Image
    file = BytesIO(data)
    if kind is PictureFormat.JPEG:
        opened = JpegImagePlugin.JpegImageFile(file)
    elif kind is PictureFormat.PNG:
        opened = PngImagePlugin.PngImageFile(file)
    elif kind is PictureFormat.GIF:
        opened = GifImagePlugin.GifImageFile(file)
    else:
        opened = WebPImagePlugin.WebPImageFile(file)
    _judge_size(opened.size, pixels_max)
    opened.draft("RGB", (DRAFT_WIDTH, DRAFT_WIDTH))
    opened.load()
    return opened


def _open_heif(data: bytes, pixels_max: int) -> Image.Image:
    """Open the primary picture of a file of HEIF's kind; libheif turns it as its boxes say."""
    file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=True)
    picture = file[file.primary_index]
    _judge_size(picture.size, pixels_max)
    opened: Image.Image = picture.to_pillow()
    return opened


def _judge_size(size: tuple[int, int], pixels_max: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ValueError("no pixels")
    if width * height > pixels_max:
        raise TooManyPixelsError
