"""The breaker: a provider that is down is left alone but for probes, and found again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from push.delivery.breaker import Breaker, Condition
from push.transport.retry_policy import FAILURES_MAX, LANE_REST_LEAST_S, LANE_REST_MAX_S
from tests.support.processes import clock

CALLERS = 20
MISCONFIGURED_S = 15.0


async def _permitted(breaker: Breaker, within_s: float) -> list[float]:
    """Return after how many seconds each of `CALLERS` workers was let through."""
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


def test_everybody_passes_until_failures_come_in_a_row() -> None:
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


def test_an_answer_lets_everybody_through_at_once() -> None:
    """The probe's answer closes the breaker, and nobody waits for a timer."""

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


def test_refused_credentials_are_tried_again_only_seldom() -> None:
    """One probe each `misconfigured_probe_s`: an account is not locked by us."""

    async def scenario() -> None:
        breaker = Breaker(MISCONFIGURED_S)
        assert breaker.misconfigured()
        assert not breaker.misconfigured()
        times = await _permitted(breaker, 4 * MISCONFIGURED_S + 1)
        assert [round(time_s) for time_s in times] == [15, 30, 45, 60]

    clock.run(scenario())


def test_whoever_has_nothing_to_send_any_more_waits_no_longer_and_takes_no_probe() -> None:
    """All but one of 20 workers hold what is stopped: they leave at once, and the next probe is that of the last."""

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
