"""A lane's queue: batches flow in from the sweep and out to the workers, and come back later when parked.

Bounded: at most `room` batches are outstanding, whether queued, parked or being sent; `put` waits for room, so memory
is set by the configuration and a slow provider slows its own lane's searches only. What is left of a batch whose others
are settled needs no room: else a few phones that a provider never answers would end up with all of it. Beyond
`LEFT_MAX` recipients it does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from push.fanout.claims.unit import Batch
    from push.fanout.precedence import Precedence

LEFT_MAX: Final = 1_000_000
"""Recipients that are left of settled batches: about 115 MB, those of a unit being put together."""


class LaneQueue:
    """A bounded queue whose batches leave only when they are settled."""

    def __init__(self, room: int, recipients_max: int, precedence: Precedence | None = None) -> None:
        """`precedence`: no batch leaves while somebody decides."""
        self.room = room
        self._precedence = precedence
        self._recipients_max = recipients_max
        # Bounded by the slots and by `LEFT_MAX`.
        self._queue: asyncio.Queue[Batch] = asyncio.Queue()
        self._slots = asyncio.BoundedSemaphore(room)
        self._parked: dict[int, tuple[asyncio.TimerHandle, Batch]] = {}
        self._left: dict[int, int] = {}
        self._rests: dict[int, Batch] = {}
        self.left = 0

    def __len__(self) -> int:
        return self._queue.qsize()

    @property
    def parked(self) -> int:
        """How many batches wait for their next attempt."""
        return len(self._parked)

    async def put(self, batch: Batch) -> None:
        """Add a new batch, waiting for room."""
        await self._slots.acquire()
        self._queue.put_nowait(batch)

    async def get(self) -> Batch:
        """Take the next batch, waiting for one."""
        batch = await self._queue.get()
        if self._precedence is not None:
            await self._precedence.wait()
        return batch

    def park(self, batch: Batch, delay_s: float) -> None:
        """Put a batch that was taken aside; it comes back after `delay_s`, and no worker waits for it."""
        # What may not be sent any more is brought back at once, so that it drains.
        timer = asyncio.get_running_loop().call_later(0 if batch.unit.over else delay_s, self._unpark, batch)
        self._parked[id(batch)] = timer, batch

    def unpark_halted(self) -> None:
        """Bring back now what is parked and may not be sent any more, so that it drains."""
        for timer, batch in [*self._parked.values()]:
            if batch.unit.over:
                timer.cancel()
                self._unpark(batch)

    def _unpark(self, batch: Batch) -> None:
        del self._parked[id(batch)]
        if self._rests.get(id(batch.unit)) is batch:
            del self._rests[id(batch.unit)]
        self._queue.put_nowait(batch)

    def park_rest(self, batch: Batch, rest: Batch, delay_s: float) -> tuple[Batch, Batch | None]:
        """Park what is left of a batch that was taken, with others of its unit; the batch needs nothing more.

        Returns the batch that is parked, and the one of the same unit that it has taken in.
        """
        before = self._left.get(id(batch), 0)
        if self.left - before + rest.size > LEFT_MAX:
            # It has the room of its batch, and keeps it.
            self.park(rest, delay_s)
            return rest, None
        self.release(batch)
        due_s = asyncio.get_running_loop().time() + delay_s
        others = self._rests.get(id(rest.unit))
        if others is not None and others.size + rest.size <= self._recipients_max:
            timer, _ = self._parked.pop(id(others))
            timer.cancel()
            self._forget(others)
            rest, due_s = others.with_others(rest), max(due_s, timer.when())
        else:
            others = None
        self._left[id(rest)] = rest.size
        self.left += rest.size
        self._rests[id(rest.unit)] = rest
        self.park(rest, due_s - asyncio.get_running_loop().time())
        return rest, others

    def _forget(self, batch: Batch) -> None:
        self.left -= self._left.pop(id(batch))
        if self._rests.get(id(batch.unit)) is batch:
            del self._rests[id(batch.unit)]

    def release(self, batch: Batch) -> None:
        """Give back the room of one batch that was taken and needs nothing more."""
        if id(batch) in self._left:
            self._forget(batch)
        else:
            self._slots.release()

    def close(self) -> None:
        """Forget what is parked: its recipients stay due in the record."""
        for timer, _ in self._parked.values():
            timer.cancel()
        self._parked.clear()
        self._left.clear()
        self._rests.clear()
        self.left = 0
