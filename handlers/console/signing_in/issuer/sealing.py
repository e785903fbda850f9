"""Encrypts what the sign-in keeps where others could read it: attempts in a cookie, grants in the record.

Fernet, as webhook secrets, with a key of each use that is derived from the encryption keys: the first of them seals,
all open. Bounded by what is sealed.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from runtime.authentication_codes import derived_key, key_material

if TYPE_CHECKING:
    from datetime import timedelta


class Sealed:
    """Seals and opens what is of one use, named by its label."""

    def __init__(self, keys: str, label: str) -> None:
        """`keys` as configured, in URL-safe base64 with commas."""
        derived = [derived_key(key, label) for key in key_material(keys)]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])

    def seal(self, content: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes, lasts: timedelta | None = None) -> bytes | None:
        """Return what was sealed; None where no key opens it, or it is older than it lasts."""
        try:
            return self._fernet.decrypt(sealed, None if lasts is None else int(lasts.total_seconds()))
        except InvalidToken:
            return None
