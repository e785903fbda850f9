"""Stopping: signals flow in, and neither the start nor the stores' connections keep the process from its end.

Bounded: `CLOSE_S` for each store's connections, what `geo.ending` takes for what is given up.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

import structlog

from geo.connection import AWAY as INDEX_AWAY
from geo.ending import ended, in_time
from server.stores import migrate
from sql.database import AWAY

if TYPE_CHECKING:
    from geo.connection import Client
    from server.stores import Stores
    from sql.database import Pool

CLOSE_S: Final = 1.0
"""To say goodbye to a store, which does without when it does not answer."""

_log = structlog.get_logger("server.stopping")


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
        await ended((migrating, stop))
    return not stopping.is_set()


async def close_pool(pool: Pool) -> None:
    """Say goodbye to PostgreSQL, or hang up: asyncpg waits for what was cancelled, for as long as nobody answers."""
    try:
        if await in_time(pool.close(), CLOSE_S):
            return
    except AWAY as error:
        _log.warning("store.away", store="postgresql", error=type(error).__name__)
    pool.terminate()


async def close_redis(redis: Client) -> None:
    """Say goodbye to Redis, or leave it to the end of the process."""
    try:
        await in_time(redis.aclose(), CLOSE_S)
    except INDEX_AWAY as error:
        _log.warning("store.away", store="redis", error=type(error).__name__)
