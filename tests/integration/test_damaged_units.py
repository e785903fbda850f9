"""What PostgreSQL cannot read for one unit fails that unit; everything else waits until it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from push.fanout.unit_reads import DamagedError, read_for_unit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sql.database import RecordPool

RAISE = "do $$ begin raise exception 'damaged' using errcode = '{code}'; end $$"


def _raising(pool: RecordPool, *codes: str) -> Callable[[], Awaitable[str]]:
    """Return a read that PostgreSQL refuses with these codes, one after the other, and then answers."""
    left = [*codes]

    async def read() -> str:
        if left:
            await pool.execute(RAISE.format(code=left.pop(0)))
        return "answered"

    return read


@pytest.mark.parametrize("code", ["XX001", "XX002"])
async def test_a_damaged_page_is_a_failure_of_the_unit(pool: RecordPool, code: str) -> None:
    """It is a ValueError, as a row that nobody wrote so: three times, and the unit is parked."""
    with pytest.raises(DamagedError):
        await read_for_unit(_raising(pool, code))
    assert issubclass(DamagedError, ValueError)


@pytest.mark.parametrize(
    "code", ["XX000", "28P01", "3D000", "54000", "42501", "42P01", "42883", "42704", "22003", "ZZ123"]
)
async def test_every_other_refusal_is_asked_again(pool: RecordPool, code: str) -> None:
    """Whatever its class, and although it does not end by itself.

    A table, a function or a type that is not there is a schema that this session does not see: every query of ours is
    tried against the schema, so somebody took a right away, or changed the role's `search_path`.
    """
    assert await read_for_unit(_raising(pool, "40001", code)) == "answered"
    assert pool.refused is not None


@pytest.mark.parametrize("code", ["42601", "42703", "23503"])
async def test_a_mistake_of_ours_is_raised(pool: RecordPool, code: str) -> None:
    """Asking again would never end it."""
    with pytest.raises((asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError)):
        await read_for_unit(_raising(pool, code))
