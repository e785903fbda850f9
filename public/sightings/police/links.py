"""Links to photos for the police: signed by this server, for one photo, for an hour.

Pure. Bounded by their few parts.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from runtime.authentication_codes import CODE_BYTES, AuthenticationCodes

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL: Final = "qq-alert links to photos of sightings"
VALID_S: Final = 3600
TOKEN_MAX: Final = 256
_PARTS: Final = struct.Struct(">16s16sHQ")


class PhotoLink(msgspec.Struct, frozen=True):
    """One photo of a sighting, until a time (seconds since 1970)."""

    alert: UUID
    sighting: UUID
    number: int
    expires_s: int


class PhotoLinks:
    """Makes and reads links."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._codes = AuthenticationCodes(keys, LABEL)

    def token(self, link: PhotoLink) -> str:
        """Return what stands in the address of a photo."""
        parts = _PARTS.pack(link.alert.bytes, link.sighting.bytes, link.number, link.expires_s)
        return base64.urlsafe_b64encode(parts + self._codes.code(parts)).decode().rstrip("=")

    def read(self, token: str, now_s: float) -> PhotoLink | None:
        """Return what a token is for; None where none of the server's keys made it, or it is over."""
        if len(token) > TOKEN_MAX or not token.isascii():
            return None
        try:
            content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        parts, code = content[:-CODE_BYTES], content[-CODE_BYTES:]
        if len(parts) != _PARTS.size or not self._codes.verifies(parts, code):
            return None
        alert, sighting, number, expires_s = _PARTS.unpack(parts)
        link = PhotoLink(UUID(bytes=alert), UUID(bytes=sighting), number, expires_s)
        return link if now_s <= expires_s else None
