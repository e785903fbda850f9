"""Finds the key that encrypts webhook secrets, or makes it once when none is configured.

Bounded: one file of 44 bytes in `state_dir`, so that no dump of the database holds it.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Final

from runtime.authentication_codes import derived_key, key_material
from server.embedded.folder import make_private

if TYPE_CHECKING:
    from server.settings import Settings


FILE: Final = "encryption.key"


def known_key(settings: Settings) -> str | None:
    """Return the configured key, or the one that was made before; None where there is neither."""
    if settings.security.encryption_key is not None:
        return settings.security.encryption_key
    file = settings.state_dir / FILE
    if not file.exists():
        return None
    make_private(settings.state_dir)
    return file.read_text(encoding="ascii").strip()


def derived_secret(settings: Settings) -> bytes:
    """Return the secret of estimates and of digests of what is deleted, which the first key gives all servers."""
    return derived_key(key_material(encryption_key(settings))[0], "qq-alert estimates and digests")


def encryption_key(settings: Settings) -> str:
    """Return the configured key, or the one that is made once and kept in `state_dir`."""
    if (known := known_key(settings)) is not None:
        return known
    file = settings.state_dir / FILE
    make_private(settings.state_dir)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
            handle.write(base64.urlsafe_b64encode(os.urandom(32)).decode())
    except FileExistsError:
        pass
    return file.read_text(encoding="ascii").strip()
