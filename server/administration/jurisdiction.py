"""Reads a jurisdiction from a GeoJSON file, for a command.

Bounded: `FILE_BYTES`, and what `handlers.administration.jurisdictions` bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.administration import jurisdictions
from handlers.administration.jurisdictions import JurisdictionError
from server.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FILE_BYTES = 64 * 1024 * 1024


def read_jurisdiction(path: Path) -> bytes:
    """Read a geometry, a feature or a collection of features as WKB; SettingsError when any part cannot be used."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise SettingsError(f"{path}: more than {FILE_BYTES} bytes")
        return jurisdictions.read_jurisdiction(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path}: not GeoJSON: {type(error).__name__}") from None
    except JurisdictionError as error:
        raise SettingsError(f"{path}: {error}") from None
