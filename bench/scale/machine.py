"""The processes that work for an alert on this machine, and the CPU that they have used.

Bounded by the servers that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import msgspec
import numpy as np

from bench.measures import cpu_s, parent_of
from geo.connection import connect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from server.demo.world import World
    from server.embedded import StoreUrls


class Machine(msgspec.Struct):
    """The ids of all that works for an alert but the simulated provider."""

    servers: list[int]
    redis: int
    postgres: int

    def used_s(self) -> NDArray[np.float64]:
        """Return the seconds of CPU that servers, Redis and PostgreSQL have used."""
        servers = sum(cpu_s(one, children=False) for one in self.servers)
        return np.array([servers, cpu_s(self.redis, children=False), cpu_s(self.postgres, children=True)])


async def machine_of(stores: StoreUrls, world: World) -> Machine:
    """Return the processes of a world with one server."""
    connection = await asyncpg.connect(stores.postgres)
    redis = connect(world.redis_url)
    try:
        postgres = parent_of(await connection.fetchval("select pg_backend_pid()"))
        return Machine([world.server_pid], int((await redis.info("server"))["process_id"]), postgres)
    finally:
        await connection.close()
        await redis.aclose()
