"""Reads the key, certificate and names with which public CAP is signed.

Bounded: two small files, read at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.cap.signing import Signer
from handlers.public.messages import Publisher
from server.settings import SettingsError

if TYPE_CHECKING:
    from datetime import datetime

    from server.settings import Settings


def publisher(settings: Settings) -> Publisher:
    """Return the sender and address that published messages name."""
    cap = settings.cap
    return Publisher(sender=cap.sender, sender_name=cap.sender_name, public_url=cap.public_url)


def read_signer(settings: Settings) -> Signer | None:
    """Return the signer, None when no key is configured; SettingsError when the key or certificate cannot be used."""
    key, certificate = settings.cap.key_file, settings.cap.certificate_file
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        raise SettingsError("$.cap: key_file and certificate_file belong together")
    try:
        return Signer(key.read_bytes(), certificate.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"$.cap: {type(error).__name__} while reading key_file or certificate_file") from None


def ending(signer: Signer | None) -> list[tuple[str, datetime]]:
    """Return (name, end) of the certificate that we sign with."""
    return [] if signer is None else [("[cap] certificate_file", signer.not_after)]
