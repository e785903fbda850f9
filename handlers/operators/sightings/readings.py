"""Remembers which sightings a reader was shown of late: a page that asks by itself is recorded when it shows more.

A page that stands open asks every few seconds; the trail says who read what, not how often a browser asked. What is
forgotten is recorded once more, never left out. Bounded: `READERS_MAX` readers of an alert, `SHOWN_MAX` sightings each.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable
    from uuid import UUID

SAME_AGAIN_S: Final = 600.0
"""How long the same sightings are not recorded again for one reader: an open page leaves a mark each ten minutes."""

READERS_MAX: Final = 256
SHOWN_MAX: Final = 1000


class _Shown(NamedTuple):
    """What a reader was shown since a time (seconds, monotonic)."""

    since_s: float
    sightings: frozenset[UUID]


class Readings:
    """Which sightings were shown to whom."""

    def __init__(self) -> None:
        self._shown: OrderedDict[Hashable, _Shown] = OrderedDict()

    def has(self, reader: Hashable, sightings: Collection[UUID], now_s: float) -> bool:
        """Tell whether a reader was shown all of these within `SAME_AGAIN_S`."""
        known = self._shown.get(reader)
        return known is not None and now_s - known.since_s < SAME_AGAIN_S and known.sightings.issuperset(sightings)

    def add(self, reader: Hashable, sightings: Collection[UUID], now_s: float) -> None:
        """Remember what a reader was shown, once that is recorded."""
        known = self._shown.pop(reader, None)
        if known is None or now_s - known.since_s >= SAME_AGAIN_S:
            known = _Shown(now_s, frozenset())
        both = known.sightings.union(sightings)
        self._shown[reader] = known._replace(sightings=both if len(both) <= SHOWN_MAX else frozenset(sightings))
        if len(self._shown) > READERS_MAX:
            self._shown.popitem(last=False)
