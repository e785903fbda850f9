"""Stores the users who agreed to receive exercises.

Bounded: `ENROLLED_MAX` users; the caller asks about one batch at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sql.database import Connection, Pool

ENROLLED_MAX: Final = 100_000
"""Enough for staff and volunteers; an exercise never reaches a whole city."""

_ADD = query("enrolled_add")
_AMONG = query("enrolled_among")
_LIST = query("enrolled_list")
_COUNT = query("enrolled_count")
_WITHDRAW = query("enrolled_withdraw")


async def enrol(connection: Connection, users: Sequence[int]) -> bool:
    """Add users within the caller's transaction; False when the total exceeds `ENROLLED_MAX`: the caller undoes it."""
    await connection.execute(_ADD, users)
    count: int = await connection.fetchval(_COUNT)
    return count <= ENROLLED_MAX


async def withdraw(pool: Pool | Connection, users: Sequence[int]) -> None:
    """Remove users, enrolled or not."""
    await pool.execute(_WITHDRAW, users)


async def enrolled_among(pool: Pool | Connection, users: Sequence[int]) -> set[int]:
    """Return which of these users are enrolled, as of now."""
    return {row[0] for row in await pool.fetch(_AMONG, users)}


async def count(pool: Pool) -> int:
    """Return how many users are enrolled."""
    enrolled_now: int = await pool.fetchval(_COUNT)
    return enrolled_now


async def enrolled(pool: Pool) -> list[int]:
    """Return all users that are enrolled."""
    return [row[0] for row in await pool.fetch(_LIST, ENROLLED_MAX)]
