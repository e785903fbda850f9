"""Ends tasks: they are over when `cancel_and_wait` returns, whatever a driver makes of a cancellation.

Drivers of stores hide cancellations (python/cpython#86296: `asyncio.wait_for` before Python 3.12 returns a result that
came in the same moment; redis-py writes with it when it has a socket timeout), or wait behind a cancellation for an
answer that a frozen store never gives (asyncpg gives a connection back behind a shield). Bounded: `CANCEL_AGAIN_S`
between two cancellations, `CANCELS` of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

CANCEL_AGAIN_S: Final = 0.5
"""Far longer than a task needs to end by itself, so that its own cleaning up is not interrupted."""

CANCELS: Final = 10
"""A driver hides or outlasts one or two in a row; no cancellation ends what outlasts ten."""

_log = structlog.get_logger("runtime.tasks")


def raise_if_cancelled() -> None:
    """Raise CancelledError when this task was cancelled and a driver hid it; belongs into every loop over a driver."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> bool:
    """Cancel tasks until all of them have ended; False, and their names in the log, when some never do."""
    left = {task for task in tasks if not task.done()}
    for _ in range(CANCELS):
        if not left:
            return True
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
    if left:
        _log.error("tasks.not_ended", tasks=sorted(task.get_name() for task in left), cancels=CANCELS)
    return not left


async def run_with_timeout(work: Coroutine[Any, Any, None], within_s: float) -> bool:
    """Await `work` for at most `within_s`, then end it; tells whether it got through, and raises what it raised."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=within_s)
        through = task.done()
    finally:
        await cancel_and_wait([task])
    if through:
        task.result()
    return through
