"""Reads from the metadata of a picture when and where it was taken.

What cannot be is left out, without an error: metadata are the camera's word. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import ExifTags

if TYPE_CHECKING:
    from PIL import Image


class Metadata(NamedTuple):
    """When (ISO 8601; without a zone where none is named) and where a picture was taken, in degrees."""

    taken_at: str | None = None
    longitude: float | None = None
    latitude: float | None = None


def metadata_of(exif: Image.Exif) -> Metadata:
    """Return what EXIF says."""
    camera, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    if longitude is None or latitude is None or (longitude, latitude) == (0, 0):
        longitude = latitude = None
    taken_at = _camera_time(camera) or _satellite_time(gps)
    return Metadata(taken_at, longitude, latitude)


def _camera_time(camera: dict[int, Any]) -> str | None:
    """Return the camera's time, with its zone where the camera knew it."""
    text = camera.get(ExifTags.Base.DateTimeOriginal) or camera.get(ExifTags.Base.DateTimeDigitized)
    zone = camera.get(ExifTags.Base.OffsetTimeOriginal) or camera.get(ExifTags.Base.OffsetTimeDigitized)
    try:
        local = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - it names no zone
        zoned = datetime.strptime(str(zone).strip("\0 "), "%z").tzinfo if zone else None
    except ValueError:
        return None
    return local.replace(tzinfo=zoned).isoformat()


def _satellite_time(gps: dict[int, Any]) -> str | None:
    """Return the time of the satellites, which is UTC."""
    try:
        hour, minute, second = (int(part) for part in gps[ExifTags.GPS.GPSTimeStamp])
        day = datetime.strptime(str(gps[ExifTags.GPS.GPSDateStamp]).strip("\0 "), "%Y:%m:%d").replace(tzinfo=UTC)
        return day.replace(hour=hour, minute=minute, second=second).isoformat()
    except (KeyError, ValueError, TypeError, ZeroDivisionError, OverflowError):
        return None


def _degrees(gps: dict[int, Any], value: int, reference: int, negative: str, most: float) -> float | None:
    """Return degrees out of degrees, minutes and seconds; None where they are none."""
    try:
        degrees, minutes, seconds = (float(part) for part in gps[value])
        found = round(degrees + minutes / 60 + seconds / 3600, 6)
        sign = -1 if str(gps[reference]).strip("\0 ").upper() == negative else 1
    except (KeyError, ValueError, TypeError, ZeroDivisionError, OverflowError):
        return None
    return sign * found if 0 <= found <= most else None
