"""Stores the users who agreed to receive exercises.

Bounded: `ENROLLED_MAX` users; the caller asks about one batch at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

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
_WITHDRAW_ALL = query("enrolled_withdraw_all")
_CONSENTS = query("enrolled_consents")


class Consents(msgspec.Struct, frozen=True):
    """How many users are enrolled, of how many no time of consent is known, and the first and last of those times."""

    enrolled: int
    without_consent: int
    first: datetime | None
    last: datetime | None


async def enrol(connection: Connection, users: Sequence[int], consented_at: datetime) -> bool:
    """Add users who agreed then, within the caller's transaction.

    False when the total exceeds `ENROLLED_MAX`: the caller undoes it.
    """
    await connection.execute(_ADD, users, consented_at)
    count: int = await connection.fetchval(_COUNT)
    return count <= ENROLLED_MAX


async def withdraw(pool: Pool | Connection, users: Sequence[int]) -> None:
    """Remove users, enrolled or not."""
    await pool.execute(_WITHDRAW, users)


async def withdraw_all(connection: Connection) -> int:
    """Remove all users; returns how many they were."""
    gone: int = await connection.fetchval(_WITHDRAW_ALL)
    return gone


async def consents(pool: Pool) -> Consents:
    """Return how many users are enrolled, and from when their consent is."""
    [row] = await pool.fetch(_CONSENTS)
    return Consents(*row)


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
