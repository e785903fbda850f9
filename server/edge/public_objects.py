"""Opens the objects of the public's side: pages, pictures, and what strangers sent.

Bounded: once a start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from public.objects import ObjectsAddressError, objects_of
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from public.objects import Objects


def public_objects(settings: Settings) -> Objects | None:
    """Return where pages are published, None where none are configured; SettingsError says what is wrong."""
    if settings.public.url is None:
        return None
    try:
        return objects_of(settings.public, settings.state_dir)
    except ObjectsAddressError as error:
        raise SettingsError(f"$.public.objects: {error}") from None
