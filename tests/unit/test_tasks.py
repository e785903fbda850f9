"""Cancellation of tasks: one that is hidden or delayed is repeated, and a task that never ends is named."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from runtime.tasks import CANCEL_AGAIN_S, CANCELS, cancel_and_wait, raise_if_cancelled, run_with_timeout
from tests.support.processes import clock


async def _hides(cancellations: int) -> None:
    """End at the cancellation after this many hidden ones."""
    hidden = 0
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            hidden += 1
            if hidden > cancellations:
                raise


async def _outlasts() -> None:
    """Wait for an answer that never comes, as asyncpg does when it releases a connection of a frozen PostgreSQL."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()


async def _started(*tasks: asyncio.Task[None]) -> None:
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


def _others() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


@pytest.mark.parametrize("hidden", [0, 1, 2, CANCELS - 1])
def test_a_task_ends_however_often_its_driver_hides_the_cancellation(hidden: int) -> None:
    """It may hide one cancellation fewer than are sent; each costs `CANCEL_AGAIN_S`."""

    async def main() -> None:
        task = asyncio.create_task(_hides(hidden))
        await _started(task)
        started_s = asyncio.get_running_loop().time()
        assert await cancel_and_wait([task])
        assert task.cancelled()
        assert asyncio.get_running_loop().time() - started_s == pytest.approx(hidden * CANCEL_AGAIN_S)

    clock.run(main())


def test_a_task_that_goes_on_after_its_cancellation_ends_and_delays_no_other() -> None:
    """Both have ended when `cancel_and_wait` returns."""

    async def main() -> None:
        tasks = [asyncio.create_task(_outlasts()), asyncio.create_task(_hides(0))]
        await _started(*tasks)
        assert await cancel_and_wait(tasks)
        assert all(task.cancelled() for task in tasks)

    clock.run(main())


def test_a_task_that_never_ends_is_named() -> None:
    """The call returns all the same, and the log names the task that did not end."""

    async def main() -> None:
        task = asyncio.create_task(_hides(CANCELS), name="never ends")
        await _started(task)
        with capture_logs() as logs:
            assert not await cancel_and_wait([task])
        assert [line["tasks"] for line in logs] == [["never ends"]]
        assert await cancel_and_wait([task])

    clock.run(main())


def test_raise_if_cancelled_ends_a_loop_after_a_hidden_cancellation() -> None:
    """It raises once a cancellation was hidden, and only then."""
    turns = 0

    async def loops() -> None:
        nonlocal turns
        while True:
            raise_if_cancelled()
            turns += 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def main() -> None:
        task = asyncio.create_task(loops())
        await _started(task)
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        assert task.cancelled()
        assert turns == 1

    clock.run(main())


def test_work_within_its_timeout_returns_its_result_or_raises_its_error() -> None:
    """A result, or the work's own error."""

    async def fails() -> None:
        raise OSError("away")

    async def main() -> None:
        assert await run_with_timeout(asyncio.sleep(1), 2)
        with pytest.raises(OSError, match="away"):
            await run_with_timeout(fails(), 2)

    clock.run(main())


def test_work_beyond_its_timeout_is_cancelled() -> None:
    """Also when it goes on after its cancellation."""

    async def main() -> None:
        assert not await run_with_timeout(_outlasts(), 2)
        assert not _others()

    clock.run(main())


def test_a_cancelled_caller_cancels_the_work_that_it_waits_for() -> None:
    """No work goes on after its caller was cancelled."""

    async def waits() -> None:
        await run_with_timeout(_hides(0), 2)

    async def main() -> None:
        task = asyncio.create_task(waits())
        await _started(task)
        assert await cancel_and_wait([task])
        assert not _others()

    clock.run(main())
