"""One attempt at a page: holds the page while it is made, and says how that ended.

No lock is held meanwhile, so another publisher may take a page whose holder stands still. What an attempt had begun to
write may then be written after what the next one wrote. So each attempt that was interrupted, failed or lost its page
leaves a time in the record by which all of it is written, and the page is made once more after it: no change clears
that time, only an attempt that began later and was made. Bounded: `HELD` without a word, `SETTLED` until it is written.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

import sql.publishing
from public.publishing.source import sampled
from runtime.retry import full_jitter_s
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from sql.database import Pool
    from sql.publishing import PageClaim, PageWish

HELD: Final = timedelta(seconds=5)
"""So long a page waits whose publisher was killed: a third of what a takedown may take."""

EXTEND_S: Final = 1.0
"""So long after the end of its alert a page is still made at most."""

AGAIN_S: Final = 0.5
AGAIN_CAP_S: Final = 2.0
"""Between attempts: a takedown may have to wait so long."""

SETTLED: Final = timedelta(seconds=15)
"""By then what an attempt had begun is written: longer than a put may take."""


class Attempt:
    """A page while it is held."""

    def __init__(self, pool: Pool, claimed: PageClaim) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()
        self._overtaken = False
        self.claimed = claimed
        self.shows_missing = False
        """Whether what is being made says who is missing."""

    async def hold(self) -> None:
        """Go on holding the page; returns when another publisher has it, or when its alert has ended meanwhile."""
        while True:
            await asyncio.sleep(EXTEND_S)
            with suppress(*UNAVAILABLE_ERRORS):
                if not await self._extend(None):
                    return

    async def is_wanted(self, wish: PageWish) -> bool:
        """Tell whether the page is still ours, and what is wanted of it is still what it was."""
        return await self._extend(wish.wanted)

    async def _extend(self, wanted: int | None) -> bool:
        async with self._turn:
            held = await sql.publishing.hold(self._pool, self.claimed, HELD)
            if held is None:
                return False
            self.claimed = msgspec.structs.replace(self.claimed, held_until=held.held_until)
        self._overtaken = (self.shows_missing and not held.lives) or (wanted is not None and held.wanted != wanted)
        return not self._overtaken

    async def made(self, wish: PageWish, *, is_there: bool, is_over: bool) -> bool:
        """Say that the page is as the wish has it; False when another publisher has it."""
        async with self._turn:
            is_ours = await sql.publishing.made(
                self._pool, self.claimed, wish.wanted, is_there=is_there, is_over=is_over, sample=sampled(wish)
            )
        if not is_ours:
            await sql.publishing.want(self._pool, self.claimed.alert_id, SETTLED)
        return is_ours

    async def fail(self) -> None:
        """Let the page be tried again soon, at once where it was overtaken by a change; it is made once more later."""
        attempts = self.claimed.attempts
        again_s = 0.0 if self._overtaken else full_jitter_s(attempts, AGAIN_S, AGAIN_CAP_S)
        async with self._turn:
            is_ours = await sql.publishing.fail(self._pool, self.claimed, timedelta(seconds=again_s), SETTLED)
        if not is_ours:
            await sql.publishing.want(self._pool, self.claimed.alert_id, SETTLED)

    @property
    def is_overtaken(self) -> bool:
        """Whether it ended because of a change, and not because something went wrong."""
        return self._overtaken
