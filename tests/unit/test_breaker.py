"""The breaker: a provider that is down gets only probes until it answers again."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from push.delivery.breaker import Breaker, Condition
from push.transport.retry_policy import FAILURES_MAX, LANE_REST_LEAST_S, LANE_REST_MAX_S
from tests.support.processes import clock

if TYPE_CHECKING:
    from collections.abc import Callable

CALLERS = 20
MISCONFIGURED_S = 15.0


async def _permitted(breaker: Breaker, within_s: float) -> list[float]:
    """Return when (in seconds) each of `CALLERS` workers was allowed to send."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    times: list[float] = []

    async def work() -> None:
        while True:
            await breaker.wait_for_turn()
            times.append(loop.time() - started_s)
            await asyncio.Event().wait()

    workers = [asyncio.create_task(work()) for _ in range(CALLERS)]
    await asyncio.sleep(within_s)
    for worker in workers:
        worker.cancel()
    await asyncio.wait(workers)
    return times


def test_every_worker_may_send_until_consecutive_failures() -> None:
    """One success between failures keeps the breaker closed; `FAILURES_MAX` in a row open it once."""

    async def scenario() -> None:
        breaker = Breaker()
        for _ in range(3):
            assert not any(breaker.failed() for _ in range(FAILURES_MAX - 1))
            assert not breaker.answered()
        opened = [breaker.failed() for _ in range(FAILURES_MAX + 3)]
        assert opened.count(True) == 1
        assert breaker.condition is Condition.OUTAGE

    clock.run(scenario())


def test_an_open_breaker_lets_one_probe_through_at_a_time_and_ever_more_seldom() -> None:
    """In 60 s of outage 20 waiting workers make few requests, never two at once, at most `LANE_REST_MAX_S` apart."""

    async def scenario() -> None:
        breaker = Breaker()
        for _ in range(FAILURES_MAX):
            breaker.failed()
        times = await _permitted(breaker, 60.0)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert times
        assert min(gaps) >= LANE_REST_LEAST_S
        assert max(gaps) <= LANE_REST_LEAST_S + LANE_REST_MAX_S + 0.01

    clock.run(scenario())


def test_an_answer_closes_the_breaker_for_every_worker_at_once() -> None:
    """The answer to the probe closes the breaker; no worker waits for a timer."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        breaker = Breaker()
        for _ in range(FAILURES_MAX):
            breaker.failed()
        waiting = [asyncio.create_task(breaker.wait_for_turn()) for _ in range(CALLERS)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        answered_s = loop.time()
        assert breaker.answered()
        await asyncio.wait(waiting)
        assert loop.time() == answered_s

    clock.run(scenario())


def test_refused_credentials_are_retried_only_seldom() -> None:
    """One probe each `misconfigured_probe_s`, so that the provider does not lock the account."""

    async def scenario() -> None:
        breaker = Breaker(MISCONFIGURED_S)
        assert breaker.misconfigured()
        assert not breaker.misconfigured()
        times = await _permitted(breaker, 4 * MISCONFIGURED_S + 1)
        assert [round(time_s) for time_s in times] == [15, 30, 45, 60]

    clock.run(scenario())


def test_other_settings_are_tried_at_once_by_one_worker() -> None:
    """Whether the lane was misconfigured or stopped: one probe goes, all others wait for its answer."""

    async def scenario() -> None:
        for open_it in (Breaker.stop, Breaker.misconfigured):
            breaker = Breaker(MISCONFIGURED_S)
            open_it(breaker)
            waiting = [asyncio.create_task(breaker.wait_for_turn()) for _ in range(CALLERS)]
            await asyncio.sleep(0.001)
            breaker.try_again()
            await asyncio.sleep(0.001)
            others = [task for task in waiting if not task.done()]
            assert [task.result() for task in waiting if task.done()] == [True]
            assert breaker.answered()
            assert not any(await asyncio.gather(*others))

    clock.run(scenario())


def test_a_worker_whose_batch_was_stopped_stops_waiting_and_takes_no_probe() -> None:
    """All but one of 20 workers hold stopped batches: they leave at once, and the last one makes the next probe."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        for open_it in (Breaker.stop, Breaker.misconfigured):
            breaker = Breaker(MISCONFIGURED_S)
            open_it(breaker)
            is_over = asyncio.Event()
            leaving = [asyncio.create_task(breaker.wait_for_turn(is_over.is_set)) for _ in range(CALLERS - 1)]
            started_s = loop.time()
            await asyncio.sleep(1)
            assert not any(task.done() for task in leaving)
            is_over.set()
            breaker.wake()
            assert not any(await asyncio.gather(*leaving))
            assert loop.time() - started_s < MISCONFIGURED_S
        assert await breaker.wait_for_turn()
        assert loop.time() - started_s == pytest.approx(MISCONFIGURED_S)

    clock.run(scenario())


@pytest.mark.parametrize("open_it", [Breaker.misconfigured, lambda breaker: [breaker.failed() for _ in range(99)]])
def test_a_probe_with_nothing_to_ask_gives_its_turn_to_the_next_worker_at_once(
    open_it: Callable[[Breaker], object],
) -> None:
    """However many have nothing to ask, the first one that has asks then; after it the wait is as long as ever."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        breaker = Breaker(MISCONFIGURED_S)
        open_it(breaker)
        waiting = [asyncio.create_task(breaker.wait_for_turn()) for _ in range(CALLERS)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        first_s = loop.time()
        while len(done) < CALLERS - 1:
            breaker.give_turn_back()
            await asyncio.sleep(0.001)
            done = {task for task in waiting if task.done()}
        assert loop.time() - first_s < LANE_REST_LEAST_S
        assert not all(task.done() for task in waiting)
        assert breaker.next_probe_s is not None
        assert breaker.next_probe_s >= LANE_REST_LEAST_S / 2
        await asyncio.wait(waiting)

    clock.run(scenario())
