"""Publishes the numbers of all alerts together every minute.

Any process may do so: all make the same of the record. Bounded: `EVERY_S`; one read and a few objects each time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.page_counts
import sql.progress
from public.funnel.statistics.figures import figures_of
from public.funnel.statistics.page import page_of
from runtime.tasks import raise_if_cancelled
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from datetime import tzinfo

    from public.objects import Objects
    from sql.database import Pool

EVERY_S: Final = 60.0
AGAIN_S: Final = 5.0
"""After the store of objects did not take them."""

FOLDER: Final = "published"
JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
CACHE: Final = "public, max-age=60"

_log = structlog.get_logger("public.statistics")


class StatisticsPublisher:
    """Publishes the numbers; `people_min`: the threshold below which no number of people is shown."""

    def __init__(self, pool: Pool, objects: Objects, languages: tuple[str, ...], people_min: int, zone: tzinfo) -> None:
        self._pool = pool
        self._objects = objects
        self._languages = languages
        self._people_min = people_min
        self._zone = zone

    async def run(self) -> None:
        """Publish until cancelled; what the record does not answer is asked again a minute later."""
        while True:
            try:
                is_done = await self.publish()
            except UNAVAILABLE_ERRORS as error:
                raise_if_cancelled()
                _log.warning("statistics.wait", error=type(error).__name__)
                is_done = True
            await asyncio.sleep(EVERY_S if is_done else AGAIN_S)

    async def publish(self) -> bool:
        """Publish what the record has; False where the store does not take it."""
        row = await sql.page_counts.statistics(self._pool)
        as_of = await sql.progress.record_time(self._pool)
        figures = figures_of(row, self._people_min, as_of, self._zone)
        contents = {f"{FOLDER}/statistics.json": (msgspec.json.encode(figures), JSON)}
        for language in self._languages:
            page = page_of(figures, language, self._languages, self._zone)
            if page is not None:
                contents[f"{FOLDER}/statistics.{language}.html"] = page, HTML
        for path, (content, media_type) in contents.items():
            if await self._objects.put(path, content, media_type=media_type, cache_control=CACHE) is not None:
                return False
        return True
