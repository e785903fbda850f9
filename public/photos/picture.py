"""What decoding a picture of others gives: three pictures that were encoded here, what its metadata say, or why not.

Bounded: `Bounds`, with the reason of each number.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class PictureFault(StrEnum):
    """Why there is no picture."""

    NOT_A_PICTURE = "not_a_picture"
    """The first bytes are not those of JPEG, PNG, WebP, GIF or HEIC."""
    TOO_LARGE = "too_large"
    """More bytes than are taken."""
    TOO_MANY_PIXELS = "too_many_pixels"
    """More pixels than are decoded, or more memory than the child may use."""
    BROKEN = "broken"
    """It cannot be decoded, or the child died of it."""
    TOOK_TOO_LONG = "took_too_long"
    """More processor time, or more time, than a picture may take."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What decoding one picture may cost; what is beyond it is a fault.

    `bytes_max`: a photo of a phone in its best format has up to 20 MB. `pixels_max`: the largest of today's phones by
    default is 48 megapixels. `memory_max`: bytes of address space; such a picture as HEIC takes 1.1 GB of it. `cpu_s`,
    `timeout_s`: it takes 2 s of one core; the second one also counts the wait for a core.
    """

    bytes_max: int = 20_000_000
    pixels_max: int = 64_000_000
    memory_max: int = 1_500_000_000
    cpu_s: int = 15
    timeout_s: float = 40.0


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A JPEG that was encoded here, without metadata; its size in pixels."""

    jpeg: bytes
    width: int
    height: int


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """One picture in three sizes, and what the metadata of the original said.

    `taken_at` has a zone where the original names one; else it is what the camera's clock showed. `difference_hash`
    (dHash, 64 bits as a signed number, as PostgreSQL's bigint): two pictures are alike when few of their bits differ.
    """

    small: Picture
    medium: Picture
    large: Picture
    difference_hash: int
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
