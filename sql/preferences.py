"""Keeps what users prefer: the truth, of which Redis has a copy.

Bounded: `PAGE` rows a read; one row a user, of at most 1 KB, `SET_MAX` a call.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta

    from sql.database import Pool

PAGE: Final = 5000
SET_MAX: Final = 10_000

_SET = query("preference_set")
_READ = query("preference_read")
_OF_SHARDS = query("preference_of_shards")
_RECENT = query("preference_recent")
_PAST = query("preference_past")
_REMOVE = query("preference_remove")

_EARLIEST: Final = datetime.fromtimestamp(0, UTC)


class Preferred(NamedTuple):
    """What a user prefers, as JSON text, and since when (us, by the record's clock)."""

    user: int
    at_us: int
    content: str


async def put(pool: Pool, users: Sequence[int], shards: Sequence[int], contents: Sequence[str]) -> list[Preferred]:
    """Note what users prefer from now on, each user once; returns that with the moments."""
    return [Preferred(*row) for row in await pool.fetch(_SET, users, shards, contents)]


async def read(pool: Pool, user: int) -> str | None:
    """Return what a user prefers, None for one who never said so."""
    found: str | None = await pool.fetchval(_READ, user)
    return found


async def of_shards(pool: Pool, shards: Sequence[int]) -> AsyncIterator[list[Preferred]]:
    """Yield what all users of these shards prefer, a page at a time."""
    shard, user = -1, 0
    while rows := await pool.fetch(_OF_SHARDS, shards, shard, user, PAGE):
        yield [Preferred(*row[1:]) for row in rows]
        shard, user = rows[-1][0], rows[-1][1]


async def recent(pool: Pool, within: timedelta) -> AsyncIterator[list[Preferred]]:
    """Yield what users changed within a time, a page at a time."""
    at, user = _EARLIEST, 0
    while rows := await pool.fetch(_RECENT, within, at, user, PAGE):
        yield [Preferred(*row[1:]) for row in rows]
        at, user = rows[-1][0], rows[-1][1]


async def past(pool: Pool, after: timedelta) -> list[Preferred]:
    """Return a page of users who went back to the defaults longer ago than `after`; no `content`."""
    return [Preferred(row[0], row[1], "") for row in await pool.fetch(_PAST, after, PAGE)]


async def remove(pool: Pool, users: Sequence[int], after: timedelta) -> None:
    """Remove the rows of users who went back to the defaults longer ago than `after`."""
    await pool.execute(_REMOVE, users, after)
