"""Handles what concerns a whole process: signals, the garbage collector, closing the connections to the stores.

Bounded: `CLOSE_S` for the connections of each store, then what `runtime.tasks` allows a cancelled task.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import structlog

from geo.connection import UNAVAILABLE_ERRORS as INDEX_UNAVAILABLE_ERRORS
from runtime.retry import retry_until_available
from runtime.tasks import cancel_and_wait, run_with_timeout
from server.stores import migrate
from sql.database import STARTING_ERRORS, UNAVAILABLE_ERRORS, open_pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AsyncExitStack

    from geo.connection import Client
    from server.stores import Stores
    from sql.database import Pool, RecordPool

CLOSE_S: Final = 1.0
"""For closing connections in order; after that they are dropped."""

YOUNG_OBJECTS: Final = 50_000
"""Batches are lists of a thousand ids without cycles; collecting after every 700 new objects cost 6% (measured)."""

COLLECTIONS_A_GENERATION: Final = 50

NAME_MAX: Final = 63
"""The longest name of a machine in the DNS (RFC 1035, 2.3.4)."""

_log = structlog.get_logger("server.process")
T = TypeVar("T")


STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""A container's image, or a terminal, may send any of them: each is a stop in order."""

IGNORED_SIGNALS: Final = (signal.SIGUSR1, signal.SIGUSR2)
"""Programs that rotate logs send them, and they would end a process at once."""


def stop_event() -> asyncio.Event:
    """Return an event that `STOP_SIGNALS` set; `IGNORED_SIGNALS` are a line in the log, and SIGHUP nothing yet."""
    stopping = asyncio.Event()
    # A terminal that closes ends no server, not even one that is still starting.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    for number in IGNORED_SIGNALS:
        loop.add_signal_handler(number, _ignore, number)
    return stopping


def _ignore(number: signal.Signals) -> None:
    _log.warning("signal.ignored", signal=number.name)


async def migrated(stores: Stores, stopping: asyncio.Event) -> bool:
    """Migrate the schema; returns False when the signal to stop came, also while waiting for PostgreSQL."""
    migrating = asyncio.create_task(migrate(stores), name="migrate")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait((migrating, stop), return_when=asyncio.FIRST_COMPLETED)
        if migrating.done():
            await migrating
    finally:
        await cancel_and_wait((migrating, stop))
    return not stopping.is_set()


async def enter_pool(stack: AsyncExitStack, database_url: str) -> RecordPool:
    """Open a pool that closes with the stack."""
    pool = await open_pool(database_url)
    stack.push_async_callback(close_pool, pool)
    return pool


class StoppedError(Exception):
    """The signal to stop came while the server was still starting."""


async def answered(stopping: asyncio.Event, call: Callable[[], Awaitable[T]]) -> T:
    """Ask PostgreSQL until it answers, for a server that starts; StoppedError when the signal to stop came first."""
    asking = asyncio.create_task(retry_until_available(call, STARTING_ERRORS, "postgresql"), name="start")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait((asking, stop), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise StoppedError
        return await asking
    finally:
        await cancel_and_wait((asking, stop))


async def close_pool(pool: Pool) -> None:
    """Close the pool, or terminate it: asyncpg waits without limit for the answer to a cancelled query."""
    try:
        if await run_with_timeout(pool.close(), CLOSE_S):
            return
    except UNAVAILABLE_ERRORS as error:
        _log.warning("store.away", store="postgresql", error=type(error).__name__)
    pool.terminate()


async def close_redis(redis: Client) -> None:
    """Close the connections to Redis, or leave them to the end of the process."""
    try:
        await run_with_timeout(redis.aclose(), CLOSE_S)
    except INDEX_UNAVAILABLE_ERRORS as error:
        _log.warning("store.away", store="redis", error=type(error).__name__)


def process_name(url: str) -> str:
    """Return how a process that listens at `url` is called beside others: by its machine and port."""
    return f"{socket.gethostname()[:NAME_MAX]}:{urlsplit(url).port}"


def tune_garbage_collector() -> None:
    """Collect cycles less often in a process that serves; call it once, after the imports."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, COLLECTIONS_A_GENERATION, COLLECTIONS_A_GENERATION)
