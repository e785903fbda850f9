"""Digests of what senders wrote, in a form that outlives the deletion of it.

A plain digest lets whoever has it test guesses of a name. So it is hashed once more with a secret of the server when
the child's data is deleted: a retry is still known, and a guess cannot be tested without the server's key.
Where a body has sealed notes, that is done at once: they are no more to be guessed than read. Bounded: 32 bytes each.
"""

from __future__ import annotations

import hashlib
import hmac


def keyed(digest: bytes, secret: bytes) -> bytes:
    """Return a digest as it is kept where no one is to test guesses with it."""
    return hashlib.sha256(secret + digest).digest()


def is_digest(stored: bytes | None, digest: bytes, secret: bytes) -> bool:
    """Tell whether a stored digest is this one, before or after the deletion."""
    kept = keyed(digest, secret)
    return stored is not None and (hmac.compare_digest(stored, digest) or hmac.compare_digest(stored, kept))
