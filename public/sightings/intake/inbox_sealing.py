"""Seals what strangers send so that only the main servers open it: not whoever took it in, nor who has its disk.

NaCl's sealed box (X25519, XSalsa20-Poly1305). The private keys follow from the server's encryption keys: of the first
the public key is published, all of them open. A piece of a photo names its upload and its place in it, so that pieces
cannot be exchanged. Bounded by what is sealed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from runtime.authentication_codes import derived_key
from runtime.decoding import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL: Final = "qq-alert sightings"
KEY_PATH: Final = "published/sighting-key"
KEY_BYTES_MAX: Final = 1024
_PIECE: Final = struct.Struct(">32sQ")


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What takes reports in knows of the main servers: their public key, and what is kept of undecided reports."""

    key: bytes
    kept_bytes: int = 0


class PublicSeal:
    """Seals for the main servers."""

    def __init__(self, key: bytes) -> None:
        self._box = SealedBox(PublicKey(key))

    def seal(self, content: bytes) -> bytes:
        """Encrypt a report."""
        return bytes(self._box.encrypt(content))

    def seal_piece(self, upload: str, start: int, content: bytes) -> bytes:
        """Encrypt a piece of a photo, which begins at byte `start` of it."""
        return bytes(self._box.encrypt(_PIECE.pack(upload.encode(), start) + content))


class InboxKeys:
    """Opens what was sealed for the main servers."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._private = [PrivateKey(derived_key(key, LABEL)) for key in keys]

    @property
    def public(self) -> bytes:
        """The key that is published."""
        return bytes(self._private[0].public_key)

    def open(self, sealed: bytes) -> bytes | None:
        """Return what was sealed; None where no key opens it."""
        for key in self._private:
            try:
                return SealedBox(key).decrypt(sealed)
            except (CryptoError, ValueError, TypeError):
                continue
        return None

    def open_piece(self, upload: str, start: int, sealed: bytes) -> bytes | None:
        """Return a piece of a photo; None where it is not this one."""
        opened = self.open(sealed)
        if opened is None or opened[: _PIECE.size] != _PIECE.pack(upload.encode(), start):
            return None
        return opened[_PIECE.size :]


def read_key(content: bytes) -> PublishedKey | None:
    """Return the published key; None where it cannot be read."""
    try:
        known = msgspec.json.decode(content, type=PublishedKey)
    except DECODE_ERRORS:
        return None
    return known if len(known.key) == PublicKey.SIZE and known.kept_bytes >= 0 else None
