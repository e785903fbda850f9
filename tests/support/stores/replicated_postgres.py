"""A PostgreSQL with a streaming standby that can be promoted, again and again.

Bounded: `COPY_S` to copy the primary, `CAUGHT_UP_S` for the standby, and what `server.embedded.process` bounds.
Synchronous: call the slow steps in a thread whose loop lives as long as the stores.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from typing import TYPE_CHECKING, Final

import asyncpg

from server.embedded.postgres import SETTINGS, Cluster
from tests.support.processes.processes import until
from tests.support.stores.postgres_proxy import SOCKET

if TYPE_CHECKING:
    from pathlib import Path

CAUGHT_UP_S: Final = 20.0
ASKS_MAX: Final = 5
REPLICATED: Final = {
    **SETTINGS,
    "wal_level": "replica",
    "max_wal_senders": "8",
    "wal_keep_size": "256MB",
    "shared_buffers": "32MB",
    "fsync": "off",
}
"""Without fsync: no machine crashes here, and what a killed PostgreSQL has written stays."""


class Node(Cluster):
    """One server with its data and its socket."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o755)
        super().__init__(folder, folder, REPLICATED)
        self.socket = folder / "pg" / SOCKET
        self.url = f"postgresql://app@/app?host={folder / 'pg'}"

    def run(self) -> None:
        """Start it, with its data or new ones."""
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            self.start(nothing)
        finally:
            os.close(nothing)

    def copy(self, primary: Node) -> None:
        """Copy a running primary, to follow it from now on."""
        self._data.mkdir(mode=0o700)
        self._own(self._data)
        copy = [str(self._bin / "pg_basebackup"), "-h", str(primary.socket.parent), "-U", "app", "-D", str(self._data)]
        self._run([*copy, "-R", "-X", "stream", "-c", "fast", "--no-sync"])

    async def ask(self, text: str) -> object:
        """Ask one value; again where a standby had to cancel it for what it replays."""
        for asked in itertools.count(1):
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetchval(text)
            except asyncpg.SerializationError:
                if asked == ASKS_MAX:
                    raise
            finally:
                await connection.close()
        raise AssertionError


class ReplicatedPostgres:
    """A primary and its standby."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self.primary = self._node()
        self.standby: Node | None = None

    def _node(self) -> Node:
        return Node(self._folder / f"pg{next(self._numbers)}")

    async def start(self) -> None:
        """Start the primary."""
        await asyncio.to_thread(self.primary.run)

    async def follow(self) -> None:
        """Make a standby of the primary, and wait until it streams."""
        standby = self._node()
        await asyncio.to_thread(standby.copy, self.primary)
        await asyncio.to_thread(standby.run)
        self.standby = standby
        await until(self._is_caught_up, CAUGHT_UP_S)

    async def _is_caught_up(self) -> bool:
        caught_up = "select count(*) from pg_stat_replication where state = 'streaming'"
        return bool(await self.primary.ask(caught_up))

    async def wait_for_standby(self) -> None:
        """From now on let every commit wait for the standby."""
        await self.primary.ask("alter system set synchronous_standby_names = '*'")
        await self.primary.ask("select pg_reload_conf()")

        async def is_synchronous() -> bool:
            return bool(await self.primary.ask("select count(*) from pg_stat_replication where sync_state = 'sync'"))

        await until(is_synchronous, CAUGHT_UP_S)

    async def detach(self) -> None:
        """Let the standby receive nothing more: what is committed from now on is lost by `promote`."""
        assert self.standby is not None
        await self.standby.ask("alter system set primary_conninfo = ''")
        await self.standby.ask("select pg_reload_conf()")

        async def is_detached() -> bool:
            assert self.standby is not None
            return not await self.standby.ask("select count(*) from pg_stat_wal_receiver")

        await until(is_detached, CAUGHT_UP_S)

    async def restart(self, *, hard: bool) -> None:
        """Restart the primary, `hard` as in a crash."""
        await asyncio.to_thread(self.primary.child.stop, signal.SIGQUIT if hard else None)
        await asyncio.to_thread(self.primary.run)

    async def promote(self) -> Node:
        """Kill the primary and put the standby in its place; returns the new primary."""
        assert self.standby is not None
        await asyncio.to_thread(self.primary.child.stop, signal.SIGQUIT)
        self.primary, self.standby = self.standby, None
        await self.primary.ask("select pg_promote()")
        await self.primary.ask("alter system reset synchronous_standby_names")
        await self.primary.ask("select pg_reload_conf()")
        return self.primary

    def stop(self) -> None:
        """Stop both."""
        for node in (self.standby, self.primary):
            if node is not None:
                node.child.stop(signal.SIGQUIT)
