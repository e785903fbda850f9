"""Make and verify message authentication codes, so that a store which keeps a message cannot make one.

HMAC-SHA-256 with keys that HKDF (RFC 5869) derives from the encryption keys, another one for each label: a code of one
use is none of another. Bounded by the configured keys: the first makes codes, all of them verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE_BYTES: Final = 32
KEY_BYTES: Final = 32


class AuthenticationCodes:
    """The codes of one use, named by its label."""

    def __init__(self, keys: Sequence[bytes], label: str) -> None:
        self._keys = [derived_key(key, label) for key in keys]

    def code(self, message: bytes) -> bytes:
        """Return the code of a message."""
        return hmac.new(self._keys[0], message, hashlib.sha256).digest()

    def verifies(self, message: bytes, code: bytes) -> bool:
        """Tell whether one of the keys made this code of this message."""
        return any(hmac.compare_digest(hmac.new(key, message, hashlib.sha256).digest(), code) for key in self._keys)


def derived_key(key: bytes, label: str) -> bytes:
    """Return the key of one use, from which neither the encryption key nor another use's key follows."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label.encode()).derive(key)


def key_material(keys: str) -> list[bytes]:
    """Return the bytes of encryption keys in URL-safe base64, which are separated by commas."""
    return [base64.urlsafe_b64decode(key.strip()) for key in keys.split(",")]
