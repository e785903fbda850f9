"""Puts together what takes in the counts of pages, and what publishes the numbers of all alerts.

Where no pages are configured (`[public] url`) there is nothing to do. Bounded by its parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from public.funnel.collecting import CountCollector
from public.funnel.statistics.publishing import StatisticsPublisher

if TYPE_CHECKING:
    from public.objects import Objects
    from server.settings import Settings
    from sql.database import Pool


class Counting(msgspec.Struct, frozen=True):
    """What runs beside the server, by its name; `taken`: page views, by channel and kind."""

    taken: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    tasks: dict[str, Callable[[], Coroutine[None, None, None]]] = {}


def counting_of(settings: Settings, pool: Pool, objects: Objects | None) -> Counting:
    """Return what counts; `objects` None: no pages are published."""
    if objects is None:
        return Counting()
    collector = CountCollector(pool, objects)
    zone = ZoneInfo(settings.alert.zone_of_texts)
    published = StatisticsPublisher(pool, objects, settings.public.languages, settings.privacy.people_min, zone)
    return Counting(collector.taken, {"page counts": collector.run, "statistics": published.run})
