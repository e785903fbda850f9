"""Pictures for tests: of any format, with metadata of a camera, as large as a phone's."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Final

import pillow_heif
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

if TYPE_CHECKING:
    from collections.abc import Mapping

BEIJING: Final = (116.39125, 39.90725)
"""Longitude and latitude of `camera_exif`."""

IPHONE: Final = (4032, 3024)
"""Pixels of a phone's picture."""


def jpeg(seed: int = 1, *, exif: bool = True) -> bytes:
    """Return a photo of noise, with the time and the place that a phone writes into it."""
    picture = Image.effect_noise((640, 480), 60 + seed).convert("RGB")
    known = Image.Exif()
    if exif:
        known[0x0132] = "2026:11:28 10:11:12"
        known.get_ifd(0x8769)[0x9003] = "2026:11:28 10:11:12"
        known.get_ifd(0x8825).update({1: "N", 2: (22.0, 32.0, 36.0), 3: "E", 4: (114.0, 3.0, 36.0)})
    content = BytesIO()
    picture.save(content, "JPEG", quality=90, exif=known)
    return content.getvalue()


def scene(width: int, height: int, seed: int = 1) -> Image.Image:
    """Return a picture with large shapes and some grain, which is as hard to compress as a photo."""
    random = Random(seed)
    small = Image.new("RGB", (16, 12))
    small.putdata([(random.randrange(256), random.randrange(256), random.randrange(256)) for _ in range(16 * 12)])
    shapes = small.resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((min(width, 1000), min(height, 1000)), 40).convert("RGB").resize((width, height))
    return Image.blend(shapes, grain, 0.15)


def camera_exif(orientation: int = 1, *, zone: str | None = "+08:00", place: bool = True) -> Image.Exif:
    """Return what a camera writes: when, where in Beijing, which way up, and that it is Ming's."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Ming"
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = "2026:11:28 17:05:09"
    if zone is not None:
        camera[ExifTags.Base.OffsetTimeOriginal] = zone
    if place:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLongitudeRef] = "E"
        gps[ExifTags.GPS.GPSLongitude] = _sexagesimal(BEIJING[0])
        gps[ExifTags.GPS.GPSLatitudeRef] = "N"
        gps[ExifTags.GPS.GPSLatitude] = _sexagesimal(BEIJING[1])
    return exif


def encoded(picture: Image.Image, kind: str, exif: Image.Exif | None = None, **more: object) -> bytes:
    """Return a picture in a format that Pillow writes."""
    file = BytesIO()
    options: Mapping[str, object] = more if exif is None else {**more, "exif": exif}
    picture.save(file, kind, **options)
    return file.getvalue()


def heic(picture: Image.Image, exif: Image.Exif | None = None, *, bytes_least: int = 0) -> bytes:
    """Return a picture as an iPhone writes it, filled up to a length with a box that holds nothing."""
    file = BytesIO()
    options = {"quality": 60, "enc_params": {"preset": "ultrafast"}}
    pillow_heif.from_pillow(picture).save(file, exif=exif.tobytes() if exif is not None else None, **options)
    data = file.getvalue()
    missing = bytes_least - len(data)
    return data if missing <= 0 else data + max(8, missing).to_bytes(4, "big") + b"free" + bytes(max(0, missing - 8))


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    whole, rest = divmod(degrees * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return IFDRational(int(whole), 1), IFDRational(int(minutes), 1), IFDRational(round(seconds * 1000), 1000)
