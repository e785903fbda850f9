"""Seals what operators read of sightings with keys that only the main servers have, another one for each alert.

XSalsa20-Poly1305 (NaCl's secret box): what is sealed of one alert opens as that of no other. The first of the server's
keys seals, all of them open. Bounded by what is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from runtime.authentication_codes import derived_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

LABEL: Final = "qq-alert sightings of alert"
SAID_LABEL: Final = "qq-alert sightings said"


class Sealing:
    """Seals and opens what belongs to the sightings of an alert."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._said_key = derived_key(self._keys[0], SAID_LABEL)

    def seal(self, alert_id: UUID, content: bytes) -> bytes:
        """Encrypt something of an alert."""
        return bytes(SecretBox(derived_key(self._keys[0], f"{LABEL} {alert_id}")).encrypt(content))

    def open(self, alert_id: UUID, sealed: bytes) -> bytes | None:
        """Return what was sealed; None where no key opens it as that of this alert."""
        for key in self._keys:
            try:
                return SecretBox(derived_key(key, f"{LABEL} {alert_id}")).decrypt(sealed)
            except (CryptoError, ValueError):
                continue
        return None

    def digest(self, alert_id: UUID, block: str, words: str) -> bytes:
        """Return a digest by which the same words of the same address block are known, and that tests no guess."""
        said = " ".join(words.split()).casefold()
        message = b"\0".join((alert_id.bytes, block.encode(), said.encode()))
        return hmac.new(self._said_key, message, hashlib.sha256).digest()
