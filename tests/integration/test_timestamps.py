"""Timestamps that PostgreSQL has and Python has not are read as moments near the ends of Python's years."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pytest

import sql.forgotten
import sql.preferences
from sql.database import connect
from sql.timestamps import EARLIEST, LATEST

if TYPE_CHECKING:
    from sql.database import RecordPool
    from tests.support.processes.deployment import Deployment

DAY_US: Final = 86_400_000_000

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


@pytest.mark.parametrize("far", ["infinity", "-infinity", "294276-12-31 23:59:59.999999+00"])
async def test_a_moment_far_away_in_one_row_keeps_no_other_from_being_read(pool: RecordPool, far: str) -> None:
    """Preferences are restored, changed and removed, and who was forgotten stays so, beside it."""
    await pool.execute(
        "insert into preference (user_id, shard, content, changed_at)"
        " select * from unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[]::timestamptz[])",
        *([5, 6, 7], [1, 1, 1], ["{}", "{}", '{"late": true}'], [far, "2020-01-01", "now"]),
    )
    await pool.execute("insert into forgotten_user (user_id, at) values (5, $1::text::timestamptz), (6, now())", far)
    assert [one.user async for page in sql.preferences.of_shards(pool, [1]) for one in page] == [5, 6, 7]
    assert 7 in [one.user async for page in sql.preferences.recent(pool, timedelta(hours=1)) for one in page]
    assert 6 in [one.user for one in await sql.preferences.past(pool, timedelta(days=1))]
    assert [user async for page in sql.forgotten.pages(pool) for user, _ in page] == [5, 6]
    changed = await sql.preferences.put(pool, [5, 6, 7], [1, 1, 1], ["{}"] * 3)
    now_us = time.time() * 1_000_000
    assert sorted(one.user for one in changed) == [5, 6, 7]
    assert all(abs(one.at_us - now_us) < 2 * DAY_US for one in changed)
