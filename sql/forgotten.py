"""Keeps which users asked to be forgotten, for as long as a Redis that goes back could bring them back.

Bounded: `PAGE` users a read; a row lives as long as a position would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sql.query import query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta

    from sql.database import Pool

PAGE: Final = 1000

_ADD = query("forgotten_add")
_PAGE = query("forgotten_page")
_EXPIRE = query("forgotten_expire")


async def add(pool: Pool, users: Sequence[int]) -> None:
    """Note that users were forgotten now."""
    await pool.execute(_ADD, users)


async def pages(pool: Pool) -> AsyncIterator[list[tuple[int, int]]]:
    """Yield (user, when they were forgotten, in ms) of all, holding one page at a time."""
    after = 0
    while rows := await pool.fetch(_PAGE, after, PAGE):
        yield [(row[0], row[1]) for row in rows]
        after = rows[-1][0]


async def expire(pool: Pool, after: timedelta) -> None:
    """Delete the rows of users who were forgotten longer ago than `after`."""
    await pool.execute(_EXPIRE, after)
