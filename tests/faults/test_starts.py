"""A server that starts while PostgreSQL goes away waits for it, as one that runs does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.processes.processes import Process
from tests.support.stores.postgres_proxy import socket_of
from tests.support.stores.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.stores.proxy import Connection

CUTS: Final = 3


class CuttingProxy(Proxy):
    """Cuts the connection on which a table is asked for, the first few times."""

    def __init__(self, target: Path, table: bytes) -> None:
        super().__init__(target)
        self._table = table
        self.cuts = 0
        self.has_cut = asyncio.Event()

    def accepts(self, _: Connection, chunk: bytes, /) -> bool:
        """Refuse what names the table."""
        if self._table not in chunk or self.cuts == CUTS:
            return True
        self.cuts += 1
        if self.cuts == CUTS:
            self.has_cut.set()
        return False


def _through(proxy: CuttingProxy, deployment: Deployment) -> str:
    """Return the database of a deployment's servers as it is reached through a proxy."""
    login, _, database = deployment.server_database_url.partition("@/")
    return f"{login}@127.0.0.1:{proxy.port}/{database.partition('?')[0]}"


@pytest.mark.parametrize("table", [b"authority_secret", b"audit_event"])
async def test_a_server_that_loses_postgresql_while_it_starts_waits_for_it(
    deployment: Deployment, table: bytes
) -> None:
    """The connection is cut after the migration, at the check of secrets or of the trail: it serves all the same."""
    await deployment.provider()
    inside = await deployment.people(2_000)
    proxy = await CuttingProxy(socket_of(deployment.database_url), table).start()
    server = await deployment.server(QQ_ALERT_DATABASE__URL=_through(proxy, deployment))
    assert proxy.cuts == CUTS
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert (await deployment.reached()).tolist() == inside.tolist()
    # Beside this loop, which its connections go through.
    await asyncio.to_thread(server.end)
    await proxy.close()


async def test_sigterm_ends_a_server_that_lost_postgresql_while_it_starts(deployment: Deployment) -> None:
    """PostgreSQL is gone for good: the signal ends the server in order all the same."""
    proxy = await CuttingProxy(socket_of(deployment.database_url), b"audit_event").start()
    env = deployment.env(QQ_ALERT_DATABASE__URL=_through(proxy, deployment))
    server = deployment.own(Process("serve", env=env, log=deployment.log))
    await proxy.has_cut.wait()
    proxy.refuse()
    assert await asyncio.to_thread(server.end) == 0
    await proxy.close()
