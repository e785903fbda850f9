"""The funnel of an alert: from those who were notified to the child that was found, each step with what is known of it.

Pure. Where one view in N is counted, a number is an estimate with its 95% interval: each view is drawn by itself, so
what was counted is a binomial draw. Nobody is followed: a step may be larger than the one before, as links are shared.
Bounded: `SPANS_MAX` points over time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final, NamedTuple

from geo.index.sample import interval
from public.funnel.words import Channel, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sql.page_counts import SpanCount, Total

SPANS_MAX: Final = 360
MINUTE: Final = timedelta(minutes=1)
SHARED: Final = frozenset({Kind.SHARE, Kind.COPY})
"""Shared by the phone's own dialogue, or by a copied link: once a view at most, each."""


class Estimated(NamedTuple):
    """A number and its 95% interval; all the same where everybody is counted."""

    people: int
    low: int
    high: int


class PageSteps(NamedTuple):
    """What was done on a page; `opened_by`: by channel."""

    opened: Estimated
    opened_by: dict[Channel, Estimated]
    shared: Estimated
    poster: Estimated
    called: Estimated


class Point(NamedTuple):
    """How many had opened and shared the page by the end of a span that begins `at`."""

    at: datetime
    opened: int
    shared: int


def estimated(count: int, weight: int) -> Estimated:
    """Return for how many page views `count` of them stand, each drawn with probability 1/`weight`."""
    if weight == 1:
        return Estimated(count, count, count)
    return Estimated(*_values(count, weight))


def _values(count: int, weight: int) -> tuple[int, int, int]:
    found = interval(count, 1 / weight)
    return count * weight, found.low, found.high


def page_steps(totals: Iterable[Total]) -> PageSteps:
    """Return the steps of a page."""
    rows = list(totals)
    weight = max((row.weight for row in rows), default=1)

    def of(kinds: frozenset[Kind], channel: Channel | None = None) -> Estimated:
        counted = sum(row.count for row in rows if row.kind in kinds and (channel is None or row.channel == channel))
        return estimated(counted, weight)

    opened = frozenset({Kind.OPEN})
    return PageSteps(
        opened=of(opened),
        opened_by={channel: of(opened, channel) for channel in Channel},
        shared=of(SHARED),
        poster=of(frozenset({Kind.POSTER})),
        called=of(frozenset({Kind.CALL})),
    )


def span_of(began: datetime, ended: datetime) -> timedelta:
    """Return in what whole minutes a time is drawn, so that it has at most `SPANS_MAX` points."""
    # A span at both ends may be cut.
    return MINUTE * max(1, ceil((ended - began + MINUTE) / MINUTE / (SPANS_MAX - 1)))


def points(counts: Iterable[SpanCount]) -> list[Point]:
    """Return how many had opened and shared the page by when, oldest first."""
    found: list[Point] = []
    for row in sorted(counts, key=lambda one: one.at):
        if not found or found[-1].at != row.at:
            before = found[-1] if found else Point(row.at, 0, 0)
            found.append(before._replace(at=row.at))
        newest, people = found[-1], row.count * row.weight
        if row.kind == Kind.OPEN:
            found[-1] = newest._replace(opened=newest.opened + people)
        elif row.kind in SHARED:
            found[-1] = newest._replace(shared=newest.shared + people)
    return found
