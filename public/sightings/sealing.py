"""Seals what operators and the police read of sightings, with keys that only the main servers can make.

XSalsa20-Poly1305 (NaCl's secret box). The key of an alert is made of the server's and of a salt in the record, which is
deleted with the child's data: from then on no copy opens, wherever one is left. The first of the server's keys seals,
all of them open. Bounded by what is sealed.
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


class AlertSealing:
    """Seals and opens what belongs to the sightings of one alert; without `keys` it does neither."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._boxes = [SecretBox(key) for key in keys]

    def seal(self, content: bytes) -> bytes:
        """Encrypt something of the alert; ValueError when its salt is deleted."""
        if not self._boxes:
            raise ValueError("nothing is sealed of an alert whose data is deleted")
        return bytes(self._boxes[0].encrypt(content))

    def open(self, sealed: bytes) -> bytes | None:
        """Return what was sealed; None where no key opens it."""
        for box in self._boxes:
            try:
                return box.decrypt(sealed)
            except (CryptoError, ValueError):
                continue
        return None


class Sealing:
    """The keys of all alerts' sightings."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._said_key = derived_key(self._keys[0], SAID_LABEL)

    def of(self, alert_id: UUID, salt: UUID | None) -> AlertSealing:
        """Return what seals and opens what belongs to an alert; `salt`: as the record has it, None when deleted."""
        keys = () if salt is None else self._keys
        return AlertSealing([derived_key(key, f"{LABEL} {alert_id} {salt}") for key in keys])

    def digest(self, alert_id: UUID, block: str, words: str) -> bytes:
        """Return a digest by which the same words of the same address block are known, and that tests no guess."""
        said = " ".join(words.split()).casefold()
        message = b"\0".join((alert_id.bytes, block.encode(), said.encode()))
        return hmac.new(self._said_key, message, hashlib.sha256).digest()
