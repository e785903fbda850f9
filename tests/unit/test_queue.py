"""A lane's queue: bounded whatever happens to its batches; a parked batch blocks no other."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import numpy as np
import pytest

from push.fanout.claims.unit import Batch
from push.fanout.queue import LaneQueue
from tests.support.processes import clock

ROOM = 4


class _Unit:
    """What a queue needs of a unit."""

    over = False


def _batch() -> Batch:
    return Batch(cast("Any", _Unit()), [], np.empty(0, dtype=np.int64))


def test_a_sweep_waits_when_there_is_no_room() -> None:
    """At most `room` batches are queued, parked or in flight; only settling one makes room."""

    async def scenario() -> None:
        queue = LaneQueue(ROOM, 100)
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
        queue.release(taken)
        async with asyncio.timeout(1):
            await queue.put(_batch())

    clock.run(scenario())


def test_a_parked_batch_comes_back_after_its_delay_while_the_others_go_on() -> None:
    """A parked batch occupies no worker: the next batch is available at once, the parked one after its delay."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        queue = LaneQueue(ROOM, 100)
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


def _of(size: int) -> Batch:
    users = np.arange(size, dtype=np.int64)
    return Batch(cast("Any", _Unit()), [b"%d" % user for user in users.tolist()], users)


def test_recipients_to_retry_take_no_room_from_the_next_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until more recipients are left over than the bound; once settled, there is room again."""
    monkeypatch.setattr("push.fanout.queue.LEFT_MAX", 10)

    async def scenario() -> None:
        queue, rests = LaneQueue(1, 100), []
        for _ in range(5):
            async with asyncio.timeout(1):
                await queue.put(_of(100))
            batch = await queue.get()
            rests.append(batch.rest(np.arange(100) < 2))
            queue.park_rest(batch, rests[-1], 50.0)
        assert queue.left == 10
        await queue.put(_of(100))
        batch = await queue.get()
        queue.park_rest(batch, batch.rest(np.arange(100) < 2), 3600.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(40):
                await queue.put(_of(100))
        for _ in range(5):
            rest = await queue.get()
            assert rest in rests
            fewer = rest.rest(np.arange(2) < 1)
            queue.park_rest(rest, fewer, 100.0)
        assert queue.left == 5
        for _ in rests:
            queue.release(await queue.get())
        assert queue.left == 0

    clock.run(scenario())


def test_recipients_to_retry_in_one_unit_are_batched_together() -> None:
    """As many as one request takes, when the last of them is due; nobody is lost or doubled."""

    async def scenario() -> None:
        loop, queue, unit = asyncio.get_running_loop(), LaneQueue(ROOM, 5), cast("Any", _Unit())
        started_s, outstanding = loop.time(), set[Batch]()
        for number in range(4):
            users = np.arange(100, dtype=np.int64) + 1000 * number
            batch = Batch(unit, [b"%d" % user for user in users.tolist()], users, attempts=number)
            outstanding.add(batch)
            await queue.put(batch)
            taken = await queue.get()
            taken.add_indeterminate(np.arange(100) == 0)
            parked, joined = queue.park_rest(taken, taken.rest(np.arange(100) < 2), 10.0 * (number + 1))
            outstanding = (outstanding - {taken, joined}) | {parked}
        assert (queue.left, queue.parked, len(outstanding)) == (8, 2, 2)
        parts = [await queue.get() for _ in range(2)]
        assert [(part.size, part.attempts) for part in parts] == [(4, 1), (4, 3)]
        assert sorted(user for part in parts for user in part.users.tolist()) == [
            number * 1000 + row for number in range(4) for row in range(2)
        ]
        assert all(
            part.indeterminate is not None and part.indeterminate.tolist() == [True, False] * 2 for part in parts
        )
        assert [part.recipients for part in parts] == [[b"%d" % user for user in part.users.tolist()] for part in parts]
        assert loop.time() == started_s + 40.0
        for part in parts:
            queue.release(part)
        assert queue.left == 0

    clock.run(scenario())


def test_a_closed_queue_drops_parked_batches() -> None:
    """No timer outlives its lane."""

    async def scenario() -> None:
        queue = LaneQueue(ROOM, 100)
        await queue.put(_batch())
        queue.park(await queue.get(), 5.0)
        queue.close()
        assert queue.parked == 0
        await asyncio.sleep(10.0)
        assert len(queue) == 0

    clock.run(scenario())


def test_a_stopped_batch_is_released_before_its_delay_is_over() -> None:
    """A long Retry-After after the stop is ignored: the batch's lease would delay the last notice."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        queue = LaneQueue(ROOM, 100)
        batch = _batch()
        await queue.put(batch)
        taken = await queue.get()
        cast("Any", batch.unit).over = True
        started_s = loop.time()
        queue.park(taken, 80.0)
        assert await queue.get() is batch
        assert loop.time() == started_s

    clock.run(scenario())
