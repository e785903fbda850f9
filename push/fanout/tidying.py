"""Tidies the record: closes sweeps without anything to do, and deletes entrants of alerts that notify nobody any more.

Bounded: `SWEEPS_MAX` and `ENTRANTS_MAX` rows every `EVERY_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import sql.entrants
import sql.work
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from sql.database import Pool

EVERY_S: Final = 60.0
SWEEPS_MAX: Final = 1000
ENTRANTS_MAX: Final = 50_000


class Tidying:
    """Keeps short what claims read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Tidy now and then until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await retry_until_available(self._tidy, UNAVAILABLE_ERRORS, "postgresql")

    async def _tidy(self) -> None:
        await sql.work.close_sweeps(self._pool, SWEEPS_MAX)
        await sql.entrants.tidy(self._pool, ENTRANTS_MAX)
