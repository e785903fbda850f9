"""Seals what strangers send so that only the main servers open it: not whoever took it in, nor who has its disk.

NaCl's sealed box (X25519, XSalsa20-Poly1305). The private keys follow from the server's encryption keys: of the first
the public key is published, all of them open. Before each seal stands which key it is for: what is another server's key
is told from what nobody can open. A piece of a photo names its upload and its place in it, so that pieces cannot be
exchanged. Bounded by what is sealed.
"""

from __future__ import annotations

import enum
import hashlib
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
MARK: Final = b"QAS1"
"""How what is sealed begins; of older servers it begins with the seal, by chance so once in four thousand million."""

KEY_ID_BYTES: Final = 8
_PIECE: Final = struct.Struct(">32sQ")


class Unopened(enum.Enum):
    """Why something was not opened."""

    OTHER_KEY = "sealed to a key that is not here"
    BROKEN = "what none of the keys opens, and names no other one"


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """What takes reports in knows of the main servers: their public key, and what is kept of undecided reports."""

    key: bytes
    kept_bytes: int = 0


class PublicSeal:
    """Seals for the main servers."""

    def __init__(self, key: bytes) -> None:
        self._head = MARK + key_id(key)
        self._box = SealedBox(PublicKey(key))

    def seal(self, content: bytes) -> bytes:
        """Encrypt a report."""
        return self._head + bytes(self._box.encrypt(content))

    def seal_piece(self, upload: str, start: int, content: bytes) -> bytes:
        """Encrypt a piece of a photo, which begins at byte `start` of it."""
        return self.seal(_PIECE.pack(upload.encode(), start) + content)


class InboxKeys:
    """Opens what was sealed for the main servers."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        private = [PrivateKey(derived_key(key, LABEL)) for key in keys]
        self.public = bytes(private[0].public_key)
        """The key that is published."""
        self._boxes = {key_id(bytes(one.public_key)): SealedBox(one) for one in private}

    def open(self, sealed: bytes) -> bytes | Unopened:
        """Return what was sealed, or why it cannot be."""
        start = len(MARK) + KEY_ID_BYTES
        has_key = sealed.startswith(MARK)
        box = self._boxes.get(sealed[len(MARK) : start]) if has_key else None
        if box is not None:
            return _opened(box, sealed[start:])
        for one in self._boxes.values():
            opened = _opened(one, sealed)
            if opened is not Unopened.BROKEN:
                return opened
        return Unopened.OTHER_KEY if has_key and len(sealed) > start else Unopened.BROKEN

    def open_piece(self, upload: str, start: int, sealed: bytes) -> bytes | Unopened:
        """Return a piece of a photo; BROKEN where it is not this one."""
        opened = self.open(sealed)
        if isinstance(opened, Unopened):
            return opened
        head = _PIECE.pack(upload.encode(), start)
        return opened[_PIECE.size :] if opened.startswith(head) else Unopened.BROKEN


def key_id(public: bytes) -> bytes:
    """Return by which a public key is known outside of what is sealed to it."""
    return hashlib.sha256(public).digest()[:KEY_ID_BYTES]


def _opened(box: SealedBox[PrivateKey], sealed: bytes) -> bytes | Unopened:
    try:
        return bytes(box.decrypt(sealed))
    except (CryptoError, ValueError, TypeError):
        return Unopened.BROKEN


def read_key(content: bytes) -> PublishedKey | None:
    """Return the published key; None where it cannot be read."""
    try:
        known = msgspec.json.decode(content, type=PublishedKey)
    except DECODE_ERRORS:
        return None
    return known if len(known.key) == PublicKey.SIZE and known.kept_bytes >= 0 else None
