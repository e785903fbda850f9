"""Reads and writes timestamps of PostgreSQL, also those that Python has no date for.

PostgreSQL has years up to 294276, years before Christ, and two infinities; Python has the years 1 to 9999, and raises
OverflowError out of the query that reads another one. What lies beyond `EARLIEST` and `LATEST` is read as these, in
UTC as all others. Bounded: one round trip a connection.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""A year from where Python's dates end, so that a time zone and a sum of some days have their place."""

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
INFINITY_US: Final = 2**63 - 1
"""As PostgreSQL sends infinity, where all else is microseconds since `EPOCH`."""

_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST_US: Final = (EARLIEST - EPOCH) // _MICROSECOND
_LATEST_US: Final = (LATEST - EPOCH) // _MICROSECOND


async def keep_within_years(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Have a connection read every timestamp, alone and in lists, as one that Python can reckon with."""
    await connection.set_type_codec("timestamptz", schema="pg_catalog", encoder=written, decoder=read, format="tuple")


def read(value: tuple[int]) -> datetime:
    """Return the moment for a timestamp as PostgreSQL sends it."""
    return EPOCH + timedelta(microseconds=min(max(value[0], _EARLIEST_US), _LATEST_US))


def written(at: datetime) -> tuple[int]:
    """Return a moment as PostgreSQL takes it: the bounds and what lies beyond are infinite, as they may be read."""
    if at >= LATEST:
        return (INFINITY_US,)
    return (-INFINITY_US - 1,) if at <= EARLIEST else ((at - EPOCH) // _MICROSECOND,)
