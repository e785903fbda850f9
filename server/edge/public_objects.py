"""Opens the objects of the public's side: pages, pictures, and what strangers sent.

Bounded: once a start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from public.objects import ObjectsAddressError, default_folder, objects_of
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from public.objects import Objects


def public_objects(settings: Settings) -> Objects | None:
    """Return where pages are published, None where none are configured; SettingsError says what is wrong."""
    return None if settings.public.url is None else _opened(settings)


def kept_objects(settings: Settings) -> Objects | None:
    """Return where something may be kept that is to be deleted, None where nothing can be reached.

    Also where pages are published no more: what was kept while they were does not go by itself.
    """
    known = settings.public.url or settings.public.objects or default_folder(settings.state_dir).is_dir()
    return _opened(settings) if known else None


def _opened(settings: Settings) -> Objects:
    try:
        return objects_of(settings.public, settings.state_dir)
    except ObjectsAddressError as error:
        raise SettingsError(f"$.public.objects: {error}") from None
