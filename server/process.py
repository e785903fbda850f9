"""The process: its signals, its garbage collector, and how it closes its stores' connections.

Bounded: `CLOSE_S` for each store's connections, what `runtime.tasks` takes for what is given up.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import TYPE_CHECKING, Final

import structlog

from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from runtime.tasks import cancel_and_wait, run_with_timeout
from server.stores import migrate
from sql.database import UNAVAILABLE_ERRORS

if TYPE_CHECKING:
    from geo.connection import Client
    from server.stores import Stores
    from sql.database import Pool

CLOSE_S: Final = 1.0
"""To say goodbye to a store, which does without when it does not answer."""

YOUNG_OBJECTS: Final = 50_000
"""Batches are lists of a thousand ids without cycles; to look through them every 700 new objects cost 6% (measured)."""

LOOKS_A_GENERATION: Final = 50

_log = structlog.get_logger("server.process")


def stop_event() -> asyncio.Event:
    """Return what SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def migrated(stores: Stores, stopping: asyncio.Event) -> bool:
    """Bring the schema up unless the signal comes first: a PostgreSQL that is away may be waited for a minute."""
    migrating = asyncio.create_task(migrate(stores), name="migrate")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait((migrating, stop), return_when=asyncio.FIRST_COMPLETED)
        if migrating.done():
            await migrating
    finally:
        await cancel_and_wait((migrating, stop))
    return not stopping.is_set()


async def close_pool(pool: Pool) -> None:
    """Say goodbye to PostgreSQL, or hang up: asyncpg waits for what was cancelled, for as long as nobody answers."""
    try:
        if await run_with_timeout(pool.close(), CLOSE_S):
            return
    except UNAVAILABLE_ERRORS as error:
        _log.warning("store.away", store="postgresql", error=type(error).__name__)
    pool.terminate()


async def close_redis(redis: Client) -> None:
    """Say goodbye to Redis, or leave it to the end of the process."""
    try:
        await run_with_timeout(redis.aclose(), CLOSE_S)
    except INDEX_UNAVAILABLE_ERRORS as error:
        _log.warning("store.away", store="redis", error=type(error).__name__)


def tune_garbage_collector() -> None:
    """Let Python look for cycles less often in a process that serves; called once, when everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, LOOKS_A_GENERATION, LOOKS_A_GENERATION)
