"""Provides the stores: the configured ones, or embedded ones that this process owns.

Bounded: a server waits `STORE_WAIT_S` for PostgreSQL to answer, a command `COMMAND_WAIT_S`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

import sql.migrate
from push.alerts.people.persons import adopt
from runtime.retry import retry_until_available
from server.embedded import EmbeddedStores, running_stores
from server.settings import Settings, SettingsError
from sql.database import UNAVAILABLE_ERRORS, open_pool
from sql.migrate import Schema
from sql.session import PoolerError, require_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sql.database import Pool

STORE_WAIT_S = 60.0
COMMAND_WAIT_S = 10.0
"""Shorter, because a person waits for a command; PostgreSQL may just be starting."""

_log = structlog.get_logger("server.stores")


REFUSED: Final = {
    Schema.OLDER: "an older schema: `qq-alert migrate`, or a server of this version, brings it to the current one",
    Schema.NEWER: "a newer schema: use the commands of the version that its servers have",
}


class Stores(msgspec.Struct, frozen=True):
    """The URLs of both stores; `dead` returns the name of an embedded one that ended by itself."""

    database_url: str
    redis_url: str
    embedded: bool
    dead: Callable[[], str | None]


@contextmanager
def opened(settings: Settings) -> Iterator[Stores]:
    """Run the embedded stores for as long as the context lasts; StateOwnedError when another process owns them."""
    database_url, redis_url = settings.database.url, settings.redis.reached_at()
    if database_url is not None and redis_url is not None:
        yield Stores(database_url, redis_url, embedded=False, dead=lambda: None)
        return
    embedded = EmbeddedStores(settings.state_dir, postgres=database_url is None, valkey=redis_url is None)
    try:
        urls = embedded.start()
        yield Stores(
            _required(database_url or urls.postgres),
            _required(redis_url or urls.redis),
            embedded=database_url is None,
            dead=embedded.dead,
        )
    finally:
        embedded.stop()


@contextmanager
def reached(settings: Settings) -> Iterator[Stores]:
    """Provide the stores for a command: those of a running server, or embedded ones for as long as it needs them."""
    running = running_stores(settings.state_dir)
    if running is None:
        with opened(settings) as stores:
            yield stores
        return
    yield Stores(
        _required(settings.database.url or running.postgres),
        _required(settings.redis.reached_at() or running.redis),
        embedded=False,
        dead=lambda: None,
    )


async def refuse_older(stores: Stores) -> None:
    """SettingsError when the schema is older than this version needs, and nobody wants it migrated."""
    pool = await _pool(stores)
    try:
        schema = await sql.migrate.schema_of(pool)
    finally:
        await pool.close()
    if schema in {Schema.EMPTY, Schema.OLDER}:
        raise SettingsError(f"the database has {REFUSED[Schema.OLDER]}")


async def migrate(stores: Stores, wait_s: float = STORE_WAIT_S) -> None:
    """Migrate the schema, waiting for a PostgreSQL that is still starting.

    SettingsError when it does not answer, or when a pooler that cannot be used does.
    """
    try:
        async with asyncio.timeout(wait_s):
            await retry_until_available(lambda: _migrate(stores.database_url), UNAVAILABLE_ERRORS, "postgresql")
    except TimeoutError:
        raise SettingsError(f"PostgreSQL did not answer within {wait_s:.0f} s") from None
    except PoolerError as error:
        raise SettingsError(f"$.database.url: {error}") from None


async def _migrate(url: str) -> None:
    """Migrate, and give persons to tokens of versions that did not know them: names are compared here, not in SQL."""
    await sql.migrate.migrate(url)
    pool = await open_pool(url)
    try:
        await adopt(pool)
    finally:
        await pool.close()


@asynccontextmanager
async def record(stores: Stores) -> AsyncIterator[Pool]:
    """Open a pool for a command; SettingsError when the schema is not that of this version: only a server migrates it.

    An empty database is no server's yet, and gets its schema.
    """
    pool = await _pool(stores)
    try:
        schema = await sql.migrate.schema_of(pool)
        if schema is Schema.EMPTY:
            await migrate(stores, COMMAND_WAIT_S)
        elif schema is not Schema.CURRENT:
            raise SettingsError(f"the database has {REFUSED[schema]}")
        yield pool
    finally:
        await pool.close()


async def _pool(stores: Stores) -> Pool:
    try:
        async with asyncio.timeout(COMMAND_WAIT_S):
            return await retry_until_available(lambda: _own_session(stores), UNAVAILABLE_ERRORS, "postgresql")
    except TimeoutError:
        raise SettingsError(f"PostgreSQL did not answer within {COMMAND_WAIT_S:.0f} s") from None
    except PoolerError as error:
        raise SettingsError(f"$.database.url: {error}") from None


async def _own_session(stores: Stores) -> Pool:
    await require_session(stores.database_url)
    return await open_pool(stores.database_url)


def _required(url: str | None) -> str:
    if url is None:
        raise SettingsError("the running server owns other stores than this configuration names")
    return url
