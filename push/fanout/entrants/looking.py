"""The look for late entrants whom nobody is woken for: noted by a process that died, put off, or left by a lost lease.

One question for all lanes, so that what a server costs while nothing happens does not follow their number. Bounded: a
question every `POLL_INTERVAL_S`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import sql.entrants
from runtime.retry import retry_until_available
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sql.database import Pool

POLL_INTERVAL_S: Final = 1.0


class EntrantLook:
    """Wakes lanes for whose entrants something is to be done."""

    def __init__(self, pool: Pool, lanes: Sequence[str], wake: Callable[[str], None]) -> None:
        self._pool = pool
        self._lanes = lanes
        self._wake = wake

    async def run(self) -> None:
        """Look until cancelled."""
        ask = partial(sql.entrants.lanes_due, self._pool, self._lanes)
        while True:
            for lane in await retry_until_available(ask, UNAVAILABLE_ERRORS, "postgresql"):
                self._wake(lane)
            await asyncio.sleep(POLL_INTERVAL_S)
