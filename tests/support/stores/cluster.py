"""A Valkey cluster for tests: three primaries and a replica of the first, on free ports of the loopback address.

Bounded: `READY_S` for the cluster to be complete. Each process is ended by its id.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from redis import asyncio as aioredis

from geo.connection import cluster_url
from server.embedded.valkey import binary
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PRIMARIES = 3
SLOTS = 16384
NODE_TIMEOUT_MS = 3000
"""A node that a busy machine holds up for a second is not gone."""

READY_S = 90.0
BUS_OFFSET = 10_000


class Node:
    """One process of the cluster."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._folder = folder
        folder.mkdir()
        self.start()

    def start(self) -> None:
        """Start it, with what it remembers of the cluster."""
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self._folder,
            "cluster-enabled": "yes",
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "cluster-replica-validity-factor": 0,
            "appendonly": "no",
            "save": "",
        }
        command = [binary(), *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.client = aioredis.Redis(port=self.port)

    async def ask(self, *command: str | int | bytes) -> Any:  # noqa: ANN401 - a reply of any type
        """Send one command and return its reply."""
        return await self.client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def answers(self) -> bool:
        """Tell whether the node replies."""
        try:
            return bool(await self.client.ping())
        except (aioredis.ConnectionError, OSError):
            return False

    async def is_whole(self) -> bool:
        """Tell whether the node sees all slots served."""
        info = await self.ask("CLUSTER", "INFO")
        return b"cluster_state:ok" in (info if isinstance(info, bytes) else str(info).encode())

    async def role(self) -> bytes:
        """Return the node's role: master or slave, as Valkey calls them."""
        return bytes((await self.ask("ROLE"))[0])

    async def end(self) -> None:
        """Kill the node, as in a crash."""
        await self.client.aclose()
        self.process.kill()
        await asyncio.to_thread(self.process.wait)


class Cluster:
    """Three primaries and a replica of the first."""

    def __init__(self, primaries: list[Node], replica: Node) -> None:
        self.primaries, self.replica = primaries, replica
        self.url = cluster_url(
            [f"127.0.0.1:{node.port}" for node in primaries], username=None, password=None, tls=False
        )

    async def fail_over(self) -> None:
        """Kill the first primary and wait until its replica serves in its place."""
        await self.primaries[0].end()

        async def promoted() -> bool:
            return await self.replica.role() == b"master" and await self.replica.is_whole()

        await until(promoted)

    async def rejoin(self) -> None:
        """Start the killed node again as the replica of the one in its place, so that this may fail as well."""
        dead = self.primaries[0]
        dead.start()
        await until(dead.answers)
        self.primaries[0], self.replica = self.replica, dead
        await until(lambda: in_step(dead))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Cluster]:
    """Run a cluster until the context ends."""
    folder.mkdir()
    nodes = [Node(folder / f"node-{number}") for number in range(PRIMARIES + 1)]
    try:
        async with asyncio.timeout(READY_S):
            for node in nodes:
                await until(node.answers)
            await _join(nodes)
        yield Cluster(nodes[:PRIMARIES], nodes[PRIMARIES])
    finally:
        for node in nodes:
            await node.end()


async def _join(nodes: list[Node]) -> None:
    for number, node in enumerate(nodes[:PRIMARIES]):
        first, last = SLOTS * number // PRIMARIES, SLOTS * (number + 1) // PRIMARIES - 1
        await node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
    for number, node in enumerate(nodes, 1):
        await node.ask("CLUSTER", "SET-CONFIG-EPOCH", number)
    for node in nodes[1:]:
        await node.ask("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
    for node in nodes:
        await until(node.is_whole)
    first_id = await nodes[0].ask("CLUSTER", "MYID")
    replica = nodes[PRIMARIES]

    async def follows() -> bool:
        try:
            await replica.ask("CLUSTER", "REPLICATE", first_id)
        except aioredis.ResponseError:
            return False
        return True

    await until(follows)
    await until(lambda: in_step(replica))


async def in_step(replica: Node) -> bool:
    """Tell whether a node replicates another one."""
    role = await replica.ask("ROLE")
    return bool(role[0] == b"slave" and role[3] == b"connected")


def _free_port() -> int:
    """Return a free port whose bus port, 10,000 higher, is free too."""
    while True:
        with socket.socket() as probe, socket.socket() as bus:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if port + BUS_OFFSET > 65535:
                continue
            try:
                bus.bind(("127.0.0.1", port + BUS_OFFSET))
            except OSError:
                continue
            return port
