"""Encrypts what only the police and those who judge a case read, so that neither the database nor a dump has it.

Fernet (AES-128-CBC with HMAC), as webhook secrets, with a key of each case: what is sealed of one case opens as that of
no other. The first of the server's keys seals, all of them open. Bounded by the case.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from runtime.authentication_codes import derived_key

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL: Final = "qq-alert sealed notes of case"


class Sealing:
    """Seals and opens what belongs to a case."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def seal(self, case_id: int, text: bytes) -> bytes:
        """Encrypt a text of a case."""
        return self._fernet(case_id).encrypt(text)

    def open(self, case_id: int, ciphertext: bytes) -> bytes | None:
        """Return the text; None where no key opens it as that of this case."""
        try:
            return self._fernet(case_id).decrypt(ciphertext)
        except InvalidToken:
            return None

    def _fernet(self, case_id: int) -> MultiFernet:
        derived = [derived_key(key, f"{LABEL} {case_id}") for key in self._keys]
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
