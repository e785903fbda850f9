"""Tidies the record: closes sweeps without anything to do, and deletes entrants of alerts that notify nobody any more.

Bounded: `SWEEPS_MAX` and `ENTRANTS_MAX` rows every `EVERY_S`, or `CLOSING_EVERY_S` while sweeps come to their end.
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
        closed = 0
        while True:
            await asyncio.sleep(CLOSING_EVERY_S if closed else EVERY_S)
            closed = await retry_until_available(self._tidy, UNAVAILABLE_ERRORS, "postgresql")

    async def _tidy(self) -> int:
        """Return how many sweeps had nothing to do any more."""
        closed = await sql.work.close_sweeps(self._pool, SWEEPS_MAX)
        await sql.entrants.tidy(self._pool, ENTRANTS_MAX)
        return closed
