"""Tidies the record: closes sweeps without anything to do, and deletes entrants of alerts that notify nobody any more.

Bounded: `SWEEPS_MAX` sweeps and `ENTRANTS_MAX` entrants every `EVERY_S`; sweeps every `CLOSING_EVERY_S` while they come
to their end.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import sql.entrants
import sql.work
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from sql.database import Pool

EVERY_S: Final = 60.0
CLOSING_EVERY_S: Final = 5.0
"""Each look at what is due reads all that is open: hundreds of alerts leave thousands of sweeps within minutes."""

SWEEPS_MAX: Final = 1000
ENTRANTS_MAX: Final = 50_000


class Tidying:
    """Keeps short what claims read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Tidy now and then until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._close(), name="closing of sweeps")
            group.create_task(self._delete(), name="deletion of entrants")

    async def _close(self) -> None:
        closed = 0
        while True:
            await asyncio.sleep(CLOSING_EVERY_S if closed else EVERY_S)
            close = partial(sql.work.close_sweeps, self._pool, SWEEPS_MAX)
            closed = await retry_until_available(close, UNAVAILABLE_ERRORS, "postgresql")

    async def _delete(self) -> None:
        delete = partial(sql.entrants.tidy, self._pool, ENTRANTS_MAX)
        while True:
            await asyncio.sleep(EVERY_S)
            await retry_until_available(delete, UNAVAILABLE_ERRORS, "postgresql")
