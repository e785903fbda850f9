"""How long a cache may keep what is published: the promise of how soon it is gone (`docs/public.md`).

serve-public says it, and so does a bucket that is read without us. Pure.
"""

from __future__ import annotations

import re
from typing import Final

PAGE_CACHE: Final = "public, max-age=15, stale-while-revalidate=15, stale-if-error=45"
"""15 seconds and the time to ask again, and 60 seconds in all where nobody answers."""

PICTURE_CACHE: Final = "public, max-age=15, s-maxage=60, stale-while-revalidate=15"
"""A cache of many may keep a picture longer, because no page leads to it any more; the browser asks again."""

MODULE_CACHE: Final = "public, max-age=86400"
"""What has its hash in its name and is about nobody."""

PICTURES: Final = frozenset({"jpg", "png", "pdf"})
_HASHED_NAME: Final = re.compile(r"\.[0-9a-f]{8,64}\.js\Z")


def cache_control_of(path: str) -> str:
    """Return how long a published object may be kept, which follows from its name."""
    if _HASHED_NAME.search(path):
        return MODULE_CACHE
    return PICTURE_CACHE if path.rpartition(".")[2] in PICTURES else PAGE_CACHE
