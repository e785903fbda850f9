"""Serves a page whose time is over as one that is over, also while nobody is there to publish that.

The servers do that within a second; this is for when all of them are down. Pure. Bounded by the object.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from public.pages.rendering import over_page_in, state_of
from runtime.clock import now

if TYPE_CHECKING:
    from collections.abc import Sequence

GRACE: Final = timedelta(minutes=1)
"""The clock of this machine may be ahead, and an alert whose time is extended in the last moment goes on."""

HEAD_BYTES: Final = 2_048
"""Of a document: its expiry stands in its first element."""

_DOCUMENT: Final = re.compile(r"published/p/[^/]+/index\.([A-Za-z0-9-]+)\.html")
_STATE: Final = re.compile(r"published/p/[^/]+/state\.json")
_EXPIRY: Final = re.compile(rb'(?:data-expires="|"expires":")(\d{4}-[0-9T:.-]{1,25}Z)"')


def as_of_now(path: str, content: bytes, languages: Sequence[str]) -> bytes:
    """Return an object as it is to be served now."""
    document = _DOCUMENT.fullmatch(path)
    if document is None and _STATE.fullmatch(path) is None:
        return content
    found = _EXPIRY.search(content[:HEAD_BYTES])
    if found is None or not _is_past(found[1].decode("ascii")):
        return content
    return state_of(None) if document is None else over_page_in(document[1], languages)


def _is_past(text: str) -> bool:
    try:
        return now() > datetime.fromisoformat(text) + GRACE
    except ValueError:
        return False
