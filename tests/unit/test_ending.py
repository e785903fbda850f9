"""Ending: whatever hides or outlasts a cancellation is cancelled again, and what never ends is named."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from runtime.tasks import CANCEL_AGAIN_S, CANCELS, cancel_and_wait, raise_if_cancelled, run_with_timeout
from tests.support.processes import clock


async def _hides(cancellations: int) -> None:
    """End at the cancellation after so many hidden ones."""
    hidden = 0
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            hidden += 1
            if hidden > cancellations:
                raise


async def _outlasts() -> None:
    """Wait for an answer that never comes, like asyncpg when it gives a connection of a frozen PostgreSQL back."""
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
    """Up to one time less than it is cancelled; each time costs `CANCEL_AGAIN_S`."""

    async def main() -> None:
        task = asyncio.create_task(_hides(hidden))
        await _started(task)
        started_s = asyncio.get_running_loop().time()
        assert await cancel_and_wait([task])
        assert task.cancelled()
        assert asyncio.get_running_loop().time() - started_s == pytest.approx(hidden * CANCEL_AGAIN_S)

    clock.run(main())


def test_a_task_that_waits_behind_its_cancellation_ends_and_holds_up_no_other() -> None:
    """Both are over when `cancel_and_wait` returns."""

    async def main() -> None:
        tasks = [asyncio.create_task(_outlasts()), asyncio.create_task(_hides(0))]
        await _started(*tasks)
        assert await cancel_and_wait(tasks)
        assert all(task.cancelled() for task in tasks)

    clock.run(main())


def test_a_task_that_never_ends_is_named() -> None:
    """It returns all the same, and says in the log for whom it waited in vain."""

    async def main() -> None:
        task = asyncio.create_task(_hides(CANCELS), name="never ends")
        await _started(task)
        with capture_logs() as logs:
            assert not await cancel_and_wait([task])
        assert [line["tasks"] for line in logs] == [["never ends"]]
        assert await cancel_and_wait([task])

    clock.run(main())


def test_a_hidden_cancellation_ends_a_loop_that_asks_for_it() -> None:
    """`raise_if_cancelled` raises once a cancellation was hidden, and only then."""
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


def test_work_in_time_is_awaited_and_what_it_raised_is_raised() -> None:
    """Through, or its own error."""

    async def fails() -> None:
        raise OSError("away")

    async def main() -> None:
        assert await run_with_timeout(asyncio.sleep(1), 2)
        with pytest.raises(OSError, match="away"):
            await run_with_timeout(fails(), 2)

    clock.run(main())


def test_work_that_takes_too_long_is_ended() -> None:
    """Also when it waits behind its cancellation."""

    async def main() -> None:
        assert not await run_with_timeout(_outlasts(), 2)
        assert not _others()

    clock.run(main())


def test_who_is_cancelled_takes_along_the_work_that_they_wait_for() -> None:
    """Nothing goes on behind the back of whoever was cancelled."""

    async def waits() -> None:
        await run_with_timeout(_hides(0), 2)

    async def main() -> None:
        task = asyncio.create_task(waits())
        await _started(task)
        assert await cancel_and_wait([task])
        assert not _others()

    clock.run(main())
