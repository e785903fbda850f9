"""While somebody decides nothing more is sent, and however many decide, most of the time everything is.

What comes last searches little while first sends are searched, and never waits for good.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from push.fanout.claims.unit import Batch
from push.fanout.precedence import GIVE_WAY_S, HOLD_S, MOMENT_S, SENDING_SHARE, Precedence
from push.fanout.queue import LaneQueue
from tests.support.processes import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable

DECISION_S = 0.04
DECISIONS = 200


async def _took_s(waiting: Awaitable[object]) -> float:
    """Return how long a wait takes."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await waiting
    return loop.time() - began_s


def test_a_batch_leaves_the_queue_when_the_decision_is_made() -> None:
    """It waits as long as the decision takes, and not where nobody decides."""

    async def scenario() -> None:
        precedence = Precedence()
        queue = LaneQueue(4, 100, precedence)
        for _ in range(2):
            await queue.put(Batch(cast("Any", None), [], np.empty(0, dtype=np.int64)))
        assert await _took_s(precedence.wait()) == 0
        await queue.get()
        with precedence.deciding():
            taking = asyncio.create_task(queue.get(), name="takes")
            await asyncio.sleep(DECISION_S)
            assert not taking.done()
        await taking

    clock.run(scenario())


@pytest.mark.parametrize("deciding", [1, 3])
def test_a_decision_that_waits_for_something_else_holds_what_sends_for_a_tenth_of_a_second(deciding: int) -> None:
    """One that waits for a lock, and some that overlap."""

    async def scenario() -> None:
        precedence = Precedence()

        async def decide(after_s: float) -> None:
            await asyncio.sleep(after_s)
            with precedence.deciding():
                await asyncio.sleep(30 * HOLD_S)

        async with asyncio.TaskGroup() as group:
            for number in range(deciding):
                group.create_task(decide(number * HOLD_S / 2), name=f"decides {number}")
            await asyncio.sleep(HOLD_S / 4)
            assert await _took_s(precedence.wait()) == pytest.approx(HOLD_S * 3 / 4)
            await asyncio.sleep(HOLD_S)
            assert await _took_s(precedence.wait()) == 0

    clock.run(scenario())


def test_however_many_decide_most_of_the_time_is_left_to_what_sends() -> None:
    """Decision after decision, without a pause: three quarters of the time at least."""

    async def scenario() -> None:
        loop, precedence = asyncio.get_running_loop(), Precedence()
        waited_s = 0.0

        async def decide() -> None:
            for _ in range(DECISIONS):
                with precedence.deciding():
                    await asyncio.sleep(DECISION_S)

        began_s = loop.time()
        deciding = asyncio.create_task(decide(), name="decides")
        while not deciding.done():
            waited_s += await _took_s(precedence.wait())
            await asyncio.sleep(DECISION_S / 50)
        assert 0 < waited_s <= (1 - SENDING_SHARE) * (loop.time() - began_s) + HOLD_S

    clock.run(scenario())


def test_what_comes_last_gives_way_to_first_sends_and_goes_on_all_the_same() -> None:
    """A bounded time for each round trip while they are searched, a moment after that, and none at any other time."""

    async def scenario() -> None:
        precedence = Precedence()
        assert await _took_s(precedence.give_way()) == 0

        async def search() -> None:
            while True:
                await precedence.wait_for_first_send()
                await asyncio.sleep(MOMENT_S / 2)

        searching = asyncio.create_task(search(), name="searches")
        await asyncio.sleep(MOMENT_S / 4)
        for _ in range(3):
            assert await _took_s(precedence.give_way()) == pytest.approx(GIVE_WAY_S)
        searching.cancel()
        await asyncio.wait({searching})
        assert 0 < await _took_s(precedence.give_way()) <= MOMENT_S
        assert await _took_s(precedence.give_way()) == 0

    clock.run(scenario())
