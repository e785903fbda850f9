"""What is attacked: a server with few descriptors on embedded stores, a SIMULATED provider, and people to notify.

On loopback alone. Bounded by `tests.support`; all processes end with the context.
"""

from __future__ import annotations

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
    """A running server, the people whom each alert reaches, and how to talk to both."""

    deployment: Deployment
    server: Process
    recipients: int

    @property
    def target(self) -> tuple[str, int]:
        """The address of the server."""
        host, port = self.server.url.removeprefix("http://").split(":")
        return host, int(port)


@asynccontextmanager
async def running(folder: Path, people: int) -> AsyncIterator[World]:
    """Run a world until the context ends."""
    with EmbeddedStores(folder / "stores", postgres=True, valkey=True) as stores:
        assert stores.postgres is not None
        await sql.migrate.migrate(stores.postgres)
        deployment = Deployment(stores, folder)
        try:
            deployment.provider_url = "http://127.0.0.1:9"
            await deployment.register()
            await deployment.provider()
            inside = await deployment.people(people)
            server = await deployment.server(**SERVER_ENV)
            yield World(deployment, server, int(inside.size))
        finally:
            await deployment.close()
