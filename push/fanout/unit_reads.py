"""Reads of the record for one unit: while PostgreSQL is away they wait; what is damaged there fails that unit alone.

Bounded by `runtime.retry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runtime.retry import retry_until_available
from sql.database import DAMAGED_ERRORS, UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class DamagedError(ValueError):
    """What a unit needs stands on a damaged page: its sweep fails, and all others go on."""


async def read_for_unit(read: Callable[[], Awaitable[T]]) -> T:
    """Return what is read, asking until PostgreSQL answers; DamagedError where it cannot read it itself."""

    async def attempt() -> T:
        try:
            return await read()
        except DAMAGED_ERRORS as error:
            raise DamagedError(type(error).__name__) from error

    return await retry_until_available(attempt, UNAVAILABLE_ERRORS, "postgresql")
