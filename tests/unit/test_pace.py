"""The pace: a lane sends at its configured rate, and slows down when its provider asks."""

from __future__ import annotations

import asyncio
from typing import Self

import pytest

from push.transport.pace import BURST_S, Pace
from push.transport.retry_policy import RETRY_AFTER_MAX_S
from tests.support.processes import clock

RATE_PER_S = 10_000.0
BATCH = 1000
WORKERS = 16


class Lane:
    """Workers that send as fast as the pace allows."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._sent = 0

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)

    async def _work(self) -> None:
        while True:
            await self._pace.take(BATCH)
            self._sent += BATCH
            # A request takes some time, which alone bounds a lane without a rate.
            await asyncio.sleep(0.001)

    async def sent_in(self, seconds: float) -> int:
        """Return how many recipients are sent to in the next `seconds`."""
        before = self._sent
        await asyncio.sleep(seconds)
        return self._sent - before


def test_the_configured_rate_is_kept_and_used() -> None:
    """Over 30 s the lane sends at its rate, give or take one burst, with any number of workers."""

    async def scenario() -> None:
        async with Lane(Pace(RATE_PER_S)) as lane:
            sent = await lane.sent_in(30.0)
        assert 30 * RATE_PER_S - BATCH <= sent <= (30 + BURST_S) * RATE_PER_S + BATCH

    clock.run(scenario())


def test_a_request_larger_than_a_burst_is_sent_and_delays_the_next() -> None:
    """At 10 recipients a second and 1,000 a request, one request is sent every 100 s."""

    async def scenario() -> None:
        async with Lane(Pace(10.0)) as lane:
            assert await lane.sent_in(1000.0) == pytest.approx(10 * BATCH, abs=BATCH)

    clock.run(scenario())


def test_after_throttling_the_lane_waits_for_retry_after_and_then_sends_more_slowly() -> None:
    """Nothing is sent before Retry-After has passed; then the rate is lower and grows again."""

    async def scenario() -> None:
        pace = Pace(RATE_PER_S)
        async with Lane(pace) as lane:
            await lane.sent_in(5.0)
            await pace.throttled(7.0)
            assert await lane.sent_in(6.99) == 0
            # Workers that were already waiting when the provider throttled go on at once.
            await lane.sent_in(1.0)
            assert await lane.sent_in(1.0) < RATE_PER_S
            await lane.sent_in(20.0)
            assert await lane.sent_in(5.0) == pytest.approx(5 * RATE_PER_S, rel=0.1)

    clock.run(scenario())


def test_a_rate_that_changes_is_kept_from_then_on() -> None:
    """Half of it, none, and all of it again, with workers that wait all the while."""

    async def scenario() -> None:
        pace = Pace(RATE_PER_S)
        async with Lane(pace) as lane:
            await lane.sent_in(5.0)
            pace.change(RATE_PER_S / 2)
            await lane.sent_in(5.0)
            assert await lane.sent_in(10.0) == pytest.approx(10 * RATE_PER_S / 2, rel=0.1)
            pace.change(None)
            await lane.sent_in(5.0)
            assert await lane.sent_in(1.0) > 2 * RATE_PER_S
            pace.change(RATE_PER_S)
            await lane.sent_in(5.0)
            assert await lane.sent_in(10.0) == pytest.approx(10 * RATE_PER_S, rel=0.1)

    clock.run(scenario())


def test_an_absurd_retry_after_is_capped() -> None:
    """A Retry-After of a day does not cost the deadline."""

    async def scenario() -> None:
        pace = Pace(None)
        await pace.throttled(86_400.0)
        async with Lane(pace) as lane:
            assert await lane.sent_in(RETRY_AFTER_MAX_S - 1) == 0
            assert await lane.sent_in(2.0) > 0

    clock.run(scenario())
