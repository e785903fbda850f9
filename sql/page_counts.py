"""Stores what people did on the pages of alerts, as counts of nobody in particular.

Bounded: `ROWS_MAX` rows and `OBJECTS_MAX` objects a statement; a row a minute, channel and kind of each page; objects
are remembered for `REMEMBERED`, `FORGET_MAX` of them are forgotten at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Pool

OBJECTS_MAX: Final = 64
"""Taken in with one statement: a minute of one process that serves pages."""

ROWS_MAX: Final = 20_000
REMEMBERED: Final = timedelta(days=1)
"""Since an object was last seen: one that was taken in is deleted within seconds, and is seen again until then."""

FORGET_MAX: Final = 5_000
OVER_TIME_MAX: Final = 3_000
"""360 spans of all kinds."""

_TAKE = query("page_count_take")
_FORGET = query("page_count_forget")
_TOTALS = query("page_count_totals")
_REPORTS = query("page_count_reports")
_OVER_TIME = query("page_count_over_time")
_ALERT = query("funnel_alert")
_STATISTICS = query("statistics_read")


class CountRow(msgspec.Struct, frozen=True):
    """So many page views with a kind of action in a minute, out of an object."""

    object_id: UUID
    code: str
    minute: datetime
    channel: str
    kind: str
    count: int


class Added(msgspec.Struct, frozen=True):
    """For how many page views stands what was taken in, of one channel and kind."""

    channel: str
    kind: str
    people: int


class Total(msgspec.Struct, frozen=True):
    """How often an action was counted on a page; each stands for `weight`."""

    channel: str
    kind: str
    count: int
    weight: int


class SpanCount(msgspec.Struct, frozen=True):
    """How often an action was counted in a span that begins `at`; each stands for `weight`."""

    at: datetime
    kind: str
    count: int
    weight: int


class Reports(msgspec.Struct, frozen=True):
    """How many sightings were reported of an alert, and how many of them an operator passed on to the police."""

    reported: int
    passed_on: int


class FunnelRow(msgspec.Struct, frozen=True):
    """What the funnel of an alert has beside counts; `sample`: one view in so many is counted."""

    state: str
    ended_at: datetime | None
    through_alert: bool | None
    sample: int
    first_made_at: datetime | None
    found: bool
    began: datetime | None
    ended: datetime | None


class StatisticsRow(msgspec.Struct, frozen=True):
    """All actual alerts together, since the first of them; `people`: accepted by a provider."""

    alerts: int
    found: int
    through_alert: int
    through_alert_unknown: int
    since: datetime | None
    people: int


async def take(pool: Pool, objects: Sequence[UUID], rows: Sequence[CountRow]) -> list[Added]:
    """Take in the counts of objects, each object once; returns what was added."""
    columns = (
        [row.object_id for row in rows],
        [row.code for row in rows],
        [row.minute for row in rows],
        [row.channel for row in rows],
        [row.kind for row in rows],
        [row.count for row in rows],
    )
    return [Added(*row) for row in await pool.fetch(_TAKE, objects, *columns)]


async def forget_objects(pool: Pool) -> None:
    """Forget objects that are deleted."""
    await pool.execute(_FORGET, REMEMBERED, FORGET_MAX)


async def totals(pool: Pool, alert_id: UUID) -> list[Total]:
    """Return what people did on the page of an alert, by channel and kind."""
    return [Total(*row) for row in await pool.fetch(_TOTALS, alert_id)]


async def reports(pool: Pool, alert_id: UUID) -> Reports:
    """Return how many sightings were reported of an alert, also after they were deleted."""
    return next(Reports(*row) for row in await pool.fetch(_REPORTS, alert_id))


async def over_time(pool: Pool, alert_id: UUID, span: timedelta) -> list[SpanCount]:
    """Return what people did on the page of an alert by spans, oldest first."""
    return [SpanCount(*row) for row in await pool.fetch(_OVER_TIME, alert_id, span, OVER_TIME_MAX)]


async def alert(pool: Pool, alert_id: UUID) -> FunnelRow | None:
    """Return what the funnel of an alert has beside counts, None without the alert."""
    row = await pool.fetchrow(_ALERT, alert_id)
    return None if row is None else FunnelRow(*row)


async def statistics(pool: Pool) -> StatisticsRow:
    """Count all alerts together."""
    return next(StatisticsRow(*row) for row in await pool.fetch(_STATISTICS))
