"""Stores the history of an alert's rates: how many recipients were settled in each lane by when.

Bounded: a row a lane and `SPAN` in the last hour (`FINE`), a row a lane and `COARSE` before that, `READ_MAX` rows a
read.
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

SPAN: Final = timedelta(seconds=5)
"""A sweep takes seconds to minutes: less than this shows nothing more on a line of a page's width."""

FINE: Final = timedelta(hours=1)
"""Twice the time within which everybody is to be notified."""

COARSE: Final = timedelta(minutes=5)
READ_MAX: Final = 40_000
"""Twenty lanes through the golden 72 hours: 720 rows of the last hour and 864 before, each."""

_NOTE = query("rate_note")
_THIN = query("rate_thin")
_READ = query("rate_read")


class Settled(msgspec.Struct, frozen=True):
    """So many recipients of an alert were settled in a lane."""

    alert_id: UUID
    lane: str
    settled: int


class RateRow(msgspec.Struct, frozen=True):
    """So many recipients were settled in a lane by a time."""

    lane: str
    at: datetime
    settled: int


async def note(pool: Pool, counts: Sequence[Settled]) -> None:
    """Note how many recipients are settled now."""
    columns = [one.alert_id for one in counts], [one.lane for one in counts], [one.settled for one in counts]
    await pool.execute(_NOTE, *columns, SPAN)


async def thin(pool: Pool, alert_ids: Sequence[UUID]) -> None:
    """Keep of what is older than `FINE` a row a lane and `COARSE`."""
    await pool.execute(_THIN, alert_ids, FINE, COARSE)


async def read(pool: Pool, alert_id: UUID) -> list[RateRow]:
    """Return the history of an alert, oldest first."""
    return [RateRow(*row) for row in await pool.fetch(_READ, alert_id, READ_MAX)]
