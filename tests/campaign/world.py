"""What a few rounds run on: a PostgreSQL that can fail over, a Valkey or a cluster of it, two servers, and people.

Everything real but the provider, which is simulated. Bounded by `tests.support`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from redis import asyncio as aioredis

import sql.migrate
from server.embedded import EmbeddedStores, StoreUrls
from tests.campaign.slots import Slot
from tests.support.processes.deployment import Deployment
from tests.support.stores import cluster
from tests.support.stores.proxy import Proxy
from tests.support.stores.replicated_postgres import ReplicatedPostgres

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Callable

    import numpy as np
    from numpy.typing import NDArray

SERVERS: Final = 2
WORKERS: Final = 4
PEOPLE: Final = 6_000
"""Around the place; a little more than half of them are within 120 km."""

SERVER_ENV: Final = {
    "QQ_ALERT_LANES__TPNS__WORKERS": str(WORKERS),
    "QQ_ALERT_LANES__TPNS__TIMEOUT_S": "4",
    "QQ_ALERT_GRACE_S": "2",
    # Who reports again after Redis lost its data is found by the passes for late entrants.
    "QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "5",
    "QQ_ALERT_LOG__FORMAT": "json",
}


class World:
    """Stores, servers and people.

    `act`: lets the operator do something now, so that the audit trail has a new event. `lost_spans`: from when to when
    (seconds since the epoch) commits were lost by a failover.
    """

    def __init__(self, folder: Path, postgres: ReplicatedPostgres, valkey: EmbeddedStores | cluster.Cluster) -> None:
        self.folder = folder
        self.postgres = postgres
        self.valkey = valkey
        self.postgres_lock = asyncio.Lock()
        self.redis_lock = asyncio.Lock()
        self.filing_lock = asyncio.Lock()
        self.act: Callable[[], Awaitable[None]] = _nothing
        self.slots: list[Slot] = []
        self.lost_spans: list[tuple[float, float]] = []
        self.inside: NDArray[np.int64]
        self.deployment: Deployment
        self.people_seed = 0

    @property
    def is_cluster(self) -> bool:
        """Whether Redis is a cluster."""
        return isinstance(self.valkey, cluster.Cluster)

    async def populate(self, seed: int, redis_url: str) -> None:
        """Make the record, the accounts and the people."""
        await sql.migrate.migrate(self.postgres.primary.url)
        self.deployment = Deployment(StoreUrls(self.postgres.primary.url, redis_url), self.folder)
        self.deployment.provider_url = "http://127.0.0.1:9"
        await self.deployment.register()
        self.people_seed = seed
        await self.report_positions()

    async def report_positions(self) -> None:
        """Report where everybody is, as their phones do."""
        self.inside = await self.deployment.people(PEOPLE, self.people_seed)

    async def start_servers(self) -> None:
        """Start the servers, each with its own proxies and its own simulated provider."""
        for number in range(SERVERS):
            postgres = await Proxy(self.postgres.primary.socket).start()
            redis = None
            if isinstance(self.valkey, EmbeddedStores):
                redis = await Proxy(_socket(self.deployment.redis_url)).start()
            slot = Slot(number, self.folder, postgres, redis)
            self.slots.append(slot)
            env = {
                "QQ_ALERT_DATABASE__URL": f"postgresql://app@127.0.0.1:{postgres.port}/app",
                "QQ_ALERT_LANES__TPNS__URL": await slot.start_provider(),
                **SERVER_ENV,
            }
            if redis is not None:
                env["QQ_ALERT_REDIS__URL"] = f"redis://127.0.0.1:{redis.port}"
            slot.env = self.deployment.env(**env)
        async with asyncio.TaskGroup() as group:
            for slot in self.slots:
                group.create_task(slot.start(), name=f"start server {slot.number}")

    async def healthy(self, rng: random.Random) -> Slot:
        """Wait for a server that nothing disturbs."""
        while not (slots := [slot for slot in self.slots if slot.is_healthy]):
            await asyncio.sleep(0.05)
        return rng.choice(slots)

    def use_primary(self) -> None:
        """Let all proxies and ourselves go to the PostgreSQL that is primary now."""
        for slot in self.slots:
            slot.postgres.target = self.postgres.primary.socket
        self.deployment.database_url = self.postgres.primary.url

    async def kill_valkey(self) -> None:
        """Kill Valkey, and start it again with what its append-only file has."""
        assert isinstance(self.valkey, EmbeddedStores)
        os.kill(self.valkey.pids()[0], signal.SIGKILL)
        await asyncio.to_thread(self.valkey.restart_valkey)

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[aioredis.Redis]:
        """Provide a client of the single Valkey, past all proxies."""
        async with aioredis.Redis.from_url(self.deployment.redis_url, socket_timeout=None) as client:
            yield client

    async def close(self) -> None:
        """End the servers."""
        async with asyncio.TaskGroup() as group:
            for slot in self.slots:
                group.create_task(slot.close(), name=f"end server {slot.number}")


@asynccontextmanager
async def running(folder: Path, seed: int, *, on_cluster: bool) -> AsyncIterator[World]:
    """Run a world until the context ends."""
    async with AsyncExitStack() as stack:
        postgres = ReplicatedPostgres(folder)
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        await postgres.start()
        if on_cluster:
            nodes = await stack.enter_async_context(cluster.running(folder / "cluster"))
            world, redis_url = World(folder, postgres, nodes), nodes.url
        else:
            valkey = EmbeddedStores(folder / "state", postgres=False, valkey=True)
            stack.push_async_callback(asyncio.to_thread, valkey.stop)
            urls = await asyncio.to_thread(valkey.start)
            assert urls.redis is not None
            world, redis_url = World(folder, postgres, valkey), urls.redis
        stack.push_async_callback(world.close)
        await world.populate(seed, redis_url)
        await world.start_servers()
        yield world


async def _nothing() -> None:
    """Do nothing: there is no operator yet."""


def _socket(redis_url: str) -> Path:
    return Path(redis_url.removeprefix("unix://"))
