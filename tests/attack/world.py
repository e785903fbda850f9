"""What is attacked: servers with few descriptors on embedded stores, a SIMULATED provider, and people to notify.

On loopback alone. Bounded by `tests.support`; all processes end with the context.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import sql.migrate
from server.embedded import EmbeddedStores
from tests.support.processes.deployment import Deployment
from tests.support.processes.fork import DESCRIPTORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.processes.processes import Process

DESCRIPTORS_OF_SERVER: Final = "300"
"""As few as some systems give a process: a flood of a few hundred connections then matters."""

SERVER_ENV: Final = {DESCRIPTORS: DESCRIPTORS_OF_SERVER, "QQ_ALERT_ALERT__UNIT_PEOPLE": "5000"}


class World(NamedTuple):
    """Stores, a provider, and as many people as each alert reaches."""

    deployment: Deployment
    recipients: int


class Target(NamedTuple):
    """A running server of a world."""

    world: World
    server: Process

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        return self.server.address


@asynccontextmanager
async def running(folder: Path, people: int) -> AsyncIterator[World]:
    """Run a world without a server until the context ends."""
    with EmbeddedStores(folder / "stores", postgres=True, valkey=True) as stores:
        assert stores.postgres is not None
        await sql.migrate.migrate(stores.postgres, stores.runtime)
        deployment = Deployment(stores, folder)
        try:
            await deployment.provider()
            await deployment.register()
            inside = await deployment.people(people)
            yield World(deployment, int(inside.size))
        finally:
            await deployment.close()


@asynccontextmanager
async def serving(world: World, settings: dict[str, str]) -> AsyncIterator[Target]:
    """Run a server with settings of its own until the context ends."""
    server = await world.deployment.server(**SERVER_ENV, **settings)
    try:
        yield Target(world, server)
    finally:
        await asyncio.to_thread(server.end)
