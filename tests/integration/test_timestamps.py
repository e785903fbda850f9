"""Timestamps that PostgreSQL has and Python has not are read as moments near the ends of Python's years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pytest

from sql.database import connect
from sql.timestamps import EARLIEST, LATEST

if TYPE_CHECKING:
    from sql.database import RecordPool
    from tests.support.processes.deployment import Deployment

READ: Final = {
    "infinity": LATEST,
    "294276-12-31 23:59:59+00": LATEST,
    "20000-01-01": LATEST,
    "9999-12-31 23:59:59.999999+00": LATEST,
    "-infinity": EARLIEST,
    "4713-01-01 00:00:00+00 BC": EARLIEST,
    "0001-01-01 00:00:00+00": EARLIEST,
    "2026-11-30 08:00:00.000001+08": datetime(2026, 11, 30, 0, 0, 0, 1, tzinfo=UTC),
    "1969-12-31 23:59:59.999999+00": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


@pytest.mark.parametrize("text", READ)
async def test_every_timestamp_is_a_moment_in_utc(pool: RecordPool, text: str) -> None:
    """Alone and in a list; a time zone and a sum of days have their place beside it."""
    [(alone, listed)] = await pool.fetch("select $1::text::timestamptz, array[$1::text::timestamptz]", text)
    assert alone == READ[text]
    assert listed == [alone]
    assert alone.utcoffset() == timedelta(0)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert (alone + timedelta(days=72)).astimezone(ZoneInfo(zone)) > alone > alone - timedelta(days=72)


@pytest.mark.parametrize("text", ["infinity", "-infinity", "2026-11-30 08:00:00.000001+08"])
async def test_a_moment_is_written_as_it_was_read(pool: RecordPool, text: str) -> None:
    """Infinity, too: a hold until a moment is found again by it."""
    at = await pool.fetchval("select $1::text::timestamptz", text)
    assert await pool.fetchval("select $1::timestamptz = $2::text::timestamptz", at, text)
    assert await pool.fetchval("select $1::timestamptz[] = array[$2::text::timestamptz]", [at], text)


@pytest.mark.parametrize("text", ["infinity", "20000-01-01"])
async def test_a_connection_that_is_no_pools_reads_them_as_well(deployment: Deployment, text: str) -> None:
    """As those that listen, migrate and give rights."""
    connection = await connect(deployment.database_url)
    try:
        assert await connection.fetchval("select $1::text::timestamptz", text) == LATEST
    finally:
        await connection.close()
