"""Asks the record about many at once, and where it refuses one of them, about the others without that one.

Who asks here leaves aside what is refused, and says so. Bounded: `REFUSED_MAX` refused in one call, after which the
rest waits for the next one. To find one of many costs as many statements as its number has binary digits, twice. A row
by itself is tried `TRIES` times.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from runtime.retry import full_jitter_s, retry_until_available
from runtime.tasks import raise_if_cancelled
from sql.database import AWAY_ERRORS, ROW_ERRORS, is_row_left_aside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

K = TypeVar("K")
T = TypeVar("T")

REFUSED_MAX: Final = 16
"""More are no single rows: they are found call by call, and no call takes long."""

TRIES: Final = 3
"""Two processes that change one row in the same moment are refused once."""


async def apart(ask: Callable[[Sequence[K]], Awaitable[None]], keys: Sequence[K]) -> dict[K, Exception]:
    """Ask about all `keys`; where one is refused, about halves of them, until it is known which.

    Returns what was refused, with its error: one of `sql.database.ROW_ERRORS`. Every other error is raised. `ask` notes
    by itself what was taken: where much is refused, not all is asked.
    """
    refused: dict[K, Exception] = {}
    waiting = [keys]
    with _leaving_aside():
        while waiting:
            some = waiting.pop()
            try:
                await ask(some)
            except ROW_ERRORS as error:
                raise_if_cancelled()
                if len(some) > 1:
                    half = len(some) // 2
                    waiting += [some[half:], some[:half]]
                    continue
                if not some:
                    raise
                refused[some[0]] = error
                if len(refused) >= REFUSED_MAX:
                    break
    return refused


async def all_apart(ask: Callable[[Sequence[K]], Awaitable[None]], keys: Sequence[K]) -> dict[K, Exception]:
    """Ask as `apart`, until all `keys` were asked about, however many are refused; the caller bounds them."""
    asked: set[K] = set()
    refused: dict[K, Exception] = {}

    async def note(some: Sequence[K]) -> None:
        await ask(some)
        asked.update(some)

    while left := [one for one in keys if one not in asked and one not in refused]:
        refused |= await apart(note, left)
    return refused


async def one_row(ask: Callable[[], Awaitable[T]]) -> T | Exception:
    """Return what is answered about one row, asking until the record is there; its error where the row is refused."""
    attempt = 0
    with _leaving_aside():
        while True:
            try:
                return await retry_until_available(ask, AWAY_ERRORS, "postgresql")
            except ROW_ERRORS as error:
                raise_if_cancelled()
                attempt += 1
                if attempt >= TRIES:
                    return error
                await asyncio.sleep(full_jitter_s(attempt))


@contextmanager
def _leaving_aside() -> Iterator[None]:
    token = is_row_left_aside.set(True)
    try:
        yield
    finally:
        is_row_left_aside.reset(token)
