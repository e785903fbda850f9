"""Retries: waits with jitter between attempts, and asks an unavailable store again until it answers.

Bounded: a wait never exceeds `cap_s`. Full jitter (Brooker, AWS Architecture Blog, 2015) spreads the attempts.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, TypeVar

import structlog

from runtime.tasks import raise_if_cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BASE_S = 0.1
CAP_S = 20.0
STORE_CAP_S = 1.0
"""A store is asked at least once a second, so that work goes on soon after it is back."""

_log = structlog.get_logger("runtime.retry")
T = TypeVar("T")


def full_jitter_s(attempt: int, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Return a random wait in seconds for the `attempt`th failure in a row (from 1)."""
    return random.uniform(0, min(cap_s, base_s * 2 ** min(attempt, 32)))


async def retry_until_available(
    call: Callable[[], Awaitable[T]], unavailable_errors: tuple[type[BaseException], ...], store: str
) -> T:
    """Await `call()` again while it raises one of `unavailable_errors`; returns its result, raises everything else."""
    attempt = 0
    while True:
        try:
            result = await call()
        except unavailable_errors as error:
            raise_if_cancelled()
            attempt += 1
            if attempt == 1:
                _log.warning("store.away", store=store, error=type(error).__name__)
            await asyncio.sleep(full_jitter_s(attempt, cap_s=STORE_CAP_S))
        else:
            raise_if_cancelled()
            if attempt:
                _log.info("store.back", store=store, attempts=attempt)
            return result


async def repeat_when_available(
    call: Callable[[], Awaitable[object]],
    every_s: float,
    unavailable_errors: tuple[type[BaseException], ...],
    store: str,
) -> None:
    """Await `call()` now, and `every_s` after each time it was done, until cancelled; as `retry_until_available`."""
    while True:
        await retry_until_available(call, unavailable_errors, store)
        await asyncio.sleep(every_s)
