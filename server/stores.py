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
from sql.database import STARTING_ERRORS, open_pool
from sql.grants import RoleError
from sql.migrate import Schema
from sql.session import PoolerError, require_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from server.embedded import StoreUrls
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
    """The URLs of both stores; `dead` returns the name of an embedded one that ended by itself.

    `owner_url`: PostgreSQL as the owner of the schema, who migrates it; None: `database_url` does.
    """

    database_url: str
    redis_url: str
    embedded: bool
    dead: Callable[[], str | None]
    owner_url: str | None = None


@contextmanager
def opened(settings: Settings) -> Iterator[Stores]:
    """Run the embedded stores for as long as the context lasts; StateOwnedError when another process owns them."""
    database_url, redis_url = settings.database.url, settings.redis.reached_at()
    if database_url is not None and redis_url is not None:
        yield Stores(database_url, redis_url, embedded=False, dead=lambda: None, owner_url=settings.database.owner_url)
        return
    embedded = EmbeddedStores(
        settings.state_dir, postgres=database_url is None, valkey=redis_url is None, confined=True
    )
    try:
        urls = embedded.start()
        yield Stores(
            _required(database_url or urls.runtime or urls.postgres),
            _required(redis_url or urls.redis),
            embedded=database_url is None,
            dead=embedded.dead,
            owner_url=_owner_url(settings, urls),
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
        _required(settings.database.url or running.runtime or running.postgres),
        _required(settings.redis.reached_at() or running.redis),
        embedded=False,
        dead=lambda: None,
        owner_url=_owner_url(settings, running),
    )


async def refuse_older(stores: Stores) -> None:
    """SettingsError when the schema is older than this version needs, and nobody wants it migrated."""
    pool = await _pool(stores)
    try:
        schema = await _schema_of(pool)
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
            await retry_until_available(lambda: _migrate(stores), STARTING_ERRORS, "postgresql")
    except TimeoutError:
        raise SettingsError(f"PostgreSQL did not answer within {wait_s:.0f} s") from None
    except PoolerError as error:
        name = "url" if stores.owner_url is None else "owner_url"
        raise SettingsError(f"$.database.{name}: {error}") from None
    except RoleError as error:
        raise SettingsError(f"$.database: {error}") from None


async def _migrate(stores: Stores) -> None:
    """Migrate, and give persons to tokens of versions that did not know them: names are compared here, not in SQL."""
    runtime_url = None if stores.owner_url is None else stores.database_url
    await sql.migrate.migrate(stores.owner_url or stores.database_url, runtime_url)
    pool = await open_pool(stores.database_url)
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
        schema = await _schema_of(pool)
        if schema is Schema.EMPTY:
            await migrate(stores, COMMAND_WAIT_S)
        elif schema is not Schema.CURRENT:
            raise SettingsError(f"the database has {REFUSED[schema]}")
        yield pool
    finally:
        await pool.close()


async def _schema_of(pool: Pool) -> Schema:
    try:
        return await sql.migrate.schema_of(pool)
    except RoleError as error:
        raise SettingsError(f"$.database: {error}") from None


async def _pool(stores: Stores) -> Pool:
    try:
        async with asyncio.timeout(COMMAND_WAIT_S):
            return await retry_until_available(lambda: _own_session(stores), STARTING_ERRORS, "postgresql")
    except TimeoutError:
        raise SettingsError(f"PostgreSQL did not answer within {COMMAND_WAIT_S:.0f} s") from None
    except PoolerError as error:
        raise SettingsError(f"$.database.url: {error}") from None


async def _own_session(stores: Stores) -> Pool:
    await require_session(stores.database_url)
    return await open_pool(stores.database_url)


def _owner_url(settings: Settings, urls: StoreUrls) -> str | None:
    """Return the owner's URL: the configured one, or that of the embedded PostgreSQL; None where the owner serves."""
    if settings.database.url is not None:
        return settings.database.owner_url
    return urls.postgres if urls.runtime is not None else None


def _required(url: str | None) -> str:
    if url is None:
        raise SettingsError("the running server owns other stores than this configuration names")
    return url
