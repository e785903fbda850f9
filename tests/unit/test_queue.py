"""A lane's queue: bounded whatever happens to its batches, and a parked batch blocks nobody."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import numpy as np
import pytest

from push.model import Batch
from push.queue import LaneQueue
from tests import clock

ROOM = 4


class _Unit:
    """What a queue asks of a unit."""

    over = False


def _batch() -> Batch:
    return Batch(cast("Any", _Unit()), [], np.empty(0, dtype=np.int64))


def test_a_sweep_waits_when_there_is_no_room() -> None:
    """Queued, parked or being sent: at most `room` batches are outstanding, and room comes only by settling one."""

    async def scenario() -> None:
        queue = LaneQueue(ROOM)
        for _ in range(ROOM):
            await queue.put(_batch())
        taken = await queue.get()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await queue.put(_batch())
        queue.park(taken, 1.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await queue.put(_batch())
        await queue.get()
        queue.settled()
        async with asyncio.timeout(1):
            await queue.put(_batch())

    clock.run(scenario())


def test_a_parked_batch_comes_back_after_its_delay_while_the_others_go_on() -> None:
    """Parking takes no worker: the next batch is there at once, the parked one after its delay."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        queue = LaneQueue(ROOM)
        first, second = _batch(), _batch()
        await queue.put(first)
        await queue.put(second)
        started_s = loop.time()
        queue.park(await queue.get(), 5.0)
        assert await queue.get() is second
        assert loop.time() == started_s
        assert queue.parked == 1
        assert await queue.get() is first
        assert loop.time() == started_s + 5.0

    clock.run(scenario())


def test_a_closed_queue_forgets_what_is_parked() -> None:
    """No timer outlives its lane."""

    async def scenario() -> None:
        queue = LaneQueue(ROOM)
        await queue.put(_batch())
        queue.park(await queue.get(), 5.0)
        queue.close()
        assert queue.parked == 0
        await asyncio.sleep(10.0)
        assert len(queue) == 0

    clock.run(scenario())


def test_what_may_not_be_sent_any_more_is_not_kept_until_its_delay_is_over() -> None:
    """Answered after the stop with a long Retry-After, it drains at once: its lease holds up the last word."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        queue = LaneQueue(ROOM)
        batch = _batch()
        await queue.put(batch)
        taken = await queue.get()
        cast("Any", batch.unit).over = True
        started_s = loop.time()
        queue.park(taken, 80.0)
        assert await queue.get() is batch
        assert loop.time() == started_s

    clock.run(scenario())
