"""A lane's queue: batches flow in from the sweep, flow out to the workers, and come back later when parked.

Bounded: at most `room` batches are outstanding, whether queued, parked or being sent; `put` waits for room, so memory
is set by the configuration and a slow provider slows its own lane's searches only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from push.model import Batch


class LaneQueue:
    """A bounded queue whose batches leave only when they are settled."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._queue: asyncio.Queue[Batch] = asyncio.Queue(maxsize=room)
        self._slots = asyncio.BoundedSemaphore(room)
        self._parked: dict[int, tuple[asyncio.TimerHandle, Batch]] = {}

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
        return await self._queue.get()

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
        self._queue.put_nowait(batch)

    def settled(self) -> None:
        """Give back the room of one batch that was taken and needs nothing more."""
        self._slots.release()

    def close(self) -> None:
        """Forget what is parked: its recipients stay due in the record."""
        for timer, _ in self._parked.values():
            timer.cancel()
        self._parked.clear()
