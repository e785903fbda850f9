"""The double of Redis as a server, and its clients: what redis-py is to `geo` and `push`.

Bounded: `XREAD` blocks for as long as it is asked to. A process that is over does nothing more.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from tests.simulation.clock import START_S
from tests.simulation.index.keyspace import MICROSECONDS, SCRIPTS, WRITES, Keyspace
from tests.simulation.record.server import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from tests.simulation.clock import Running, SimulatedLoop
    from tests.simulation.world.process import SimulatedProcess

DEAD_S: Final = 15.0
"""A connection without an answer ends after so long; all callers wait less."""

_NAMES: Final = {
    resources.files(package).joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8"): name
    for package, names in {
        "geo.index": (
            "record",
            "forget",
            "forget_again",
            "drop",
            "reach",
            "preferences_put",
            "preferences_read",
        ),
        "push.transport": ("take", "hold"),
    }.items()
    for name in names
}
assert set(_NAMES.values()) == set(SCRIPTS)


class RedisFaults:
    """How Redis fails now."""

    def __init__(self) -> None:
        self.down = False
        self.full = False
        self.readonly = False
        self.busy = False
        self.refused = 0.0
        self.slow = 0.0
        self.away: set[Running] = set()

    @property
    def any(self) -> bool:
        """Whether anything is wrong."""
        flags = self.down, self.full, self.readonly, self.busy, self.refused, self.slow, self.away
        return any(bool(one) for one in flags)


class RedisServer:
    """Redis, as far as the product sees it. `ahead_s`: its clock against that of the record."""

    def __init__(self, loop: SimulatedLoop, random: Random) -> None:
        self.loop = loop
        self.random = random
        self.space = Keyspace()
        self.faults = RedisFaults()
        self.ahead_s = 0.0
        self._readers: list[Callable[[], None]] = []

    @property
    def now_us(self) -> int:
        """The time by the clock of Redis."""
        return int((EPOCH.timestamp() + self.loop.now_s - START_S + self.ahead_s) * MICROSECONDS)

    async def call(self, process: SimulatedProcess | None, work: Callable[[], Any], *, writes: bool) -> Any:  # noqa: ANN401 - as Redis
        """Let a call travel to the server and its answer back."""
        if process is not None and process.over:
            raise asyncio.CancelledError
        answered: asyncio.Future[Any] = self.loop.create_future()
        delay_s = 0.0002 + 0.002 * self.random.random()
        if self.faults.slow and self.random.random() < self.faults.slow:
            delay_s += 3.0 * self.random.random()
        self.loop.later_outside(delay_s, self._arrive, process, work, writes, answered)
        return await answered

    def _arrive(
        self, process: SimulatedProcess | None, work: Callable[[], Any], writes: bool, answered: asyncio.Future[Any]
    ) -> None:
        if answered.done():
            return
        faults = self.faults
        if faults.down or (process in faults.away) or (faults.refused and self.random.random() < faults.refused):
            answered.set_exception(RedisConnectionError("Error 111 connecting to Redis. Connection refused."))
        elif faults.busy:
            answered.set_exception(ResponseError("BUSY Redis is busy running a script."))
        elif writes and faults.full:
            answered.set_exception(OutOfMemoryError("command not allowed when used memory > 'maxmemory'."))
        elif writes and faults.readonly:
            answered.set_exception(ReadOnlyError("You can't write against a read only replica."))
        else:
            answered.set_result(work())
            if writes:
                self._wake()

    def _wake(self) -> None:
        readers, self._readers = self._readers, []
        for one in readers:
            one()

    async def read(self, process: SimulatedProcess, after: bytes, limit: int, block_ms: int | None) -> Any:  # noqa: ANN401 - as Redis
        """Read the stream, waiting for an entry."""
        found = await self.call(process, partial(self.space.entries_after, after, limit), writes=False)
        if found or block_ms is None:
            return found
        entry = self.loop.create_future()
        timer = self.loop.later_outside(block_ms / 1000, _done, entry)
        self._readers.append(partial(_done, entry))
        await entry
        timer.cancel()
        return await self.call(process, partial(self.space.entries_after, after, limit), writes=False)


def _done(entry: asyncio.Future[None]) -> None:
    if not entry.done():
        entry.set_result(None)


class FakeScript:
    """A script that is registered: `sha` is its name here."""

    def __init__(self, client: FakeRedis, text: str) -> None:
        self.script = text
        self.sha = _NAMES[text]
        self._client = client

    async def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:  # noqa: ANN401 - as redis-py
        """Run it."""
        work = partial(self._client.command, "EVALSHA", self.sha, len(keys), *keys, *args)
        return await self._client.server.call(self._client.process, work, writes=self.sha in WRITES)


class FakePipeline:
    """Commands that are sent together."""

    def __init__(self, client: FakeRedis) -> None:
        self._client = client
        self._commands: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self._commands)

    def execute_command(self, *command: Any) -> None:  # noqa: ANN401 - as redis-py
        """Add a command."""
        self._commands.append(command)

    async def execute(self) -> list[Any]:
        """Send all, and return their answers."""
        commands, self._commands = self._commands, []
        writes = any(one[0] == "SET" or (one[0] == "EVALSHA" and one[1] in WRITES) for one in commands)
        command = self._client.command
        return list(
            await self._client.server.call(
                self._client.process, lambda: [command(*one) for one in commands], writes=writes
            )
        )


class FakeRedis:
    """A client of one process."""

    def __init__(self, server: RedisServer, process: SimulatedProcess | None) -> None:
        self.server = server
        self.process = process

    def command(self, *command: Any) -> Any:  # noqa: ANN401 - as Redis
        """Answer a command at the server."""
        return self.server.space.command(self.server.now_us, *command)

    def register_script(self, text: str) -> FakeScript:
        """Return a script that may be called."""
        return FakeScript(self, text)

    def pipeline(self, *, transaction: bool) -> FakePipeline:
        """Return a pipeline."""
        assert not transaction
        return FakePipeline(self)

    async def ping(self) -> None:
        """Ask whether it answers."""
        await self.server.call(self.process, lambda: None, writes=False)

    async def info(self, section: str) -> dict[str, Any]:
        """Return a section of what it says of itself."""
        return dict(await self.server.call(self.process, lambda: {"run_id": self.server.space.run}, writes=False))

    @property
    def connection_pool(self) -> FakeRedis:
        """Its connections: it has none of its own."""
        return self

    async def disconnect(self, *, inuse_connections: bool) -> None:
        """Do nothing."""

    async def time(self) -> tuple[int, int]:
        """Return seconds and microseconds."""
        now_us = await self.server.call(self.process, lambda: self.server.now_us, writes=False)
        return now_us // MICROSECONDS, now_us % MICROSECONDS

    async def dbsize(self) -> int:
        """Return how many keys there are."""
        return int(await self.server.call(self.process, lambda: self.server.space.size, writes=False))

    async def hmget(self, key: str, fields: Sequence[str]) -> list[bytes | None]:
        """Return fields of a hash."""
        return list(await self.server.call(self.process, partial(self.command, "HMGET", key, *fields), writes=False))

    async def hset(self, key: str, mapping: Mapping[str, Any]) -> None:
        """Set fields of a hash."""
        encoded = {name.encode(): str(value).encode() for name, value in mapping.items()}
        held = self.server.space.hashes
        await self.server.call(self.process, lambda: held[key].update(encoded), writes=True)

    async def xadd(self, key: str, fields: Mapping[str, bytes], *, minid: int, approximate: bool) -> None:
        """Add an entry to the stream."""
        add = partial(self.server.space.add_entry, self.server.now_us // 1000, fields["users"])
        await self.server.call(self.process, add, writes=True)

    async def unlink(self, key: str) -> None:
        """Remove the stream, the only key that is removed by its name."""
        await self.server.call(self.process, self.server.space.entries.clear, writes=True)

    async def pexpire(self, key: str, kept_ms: int) -> None:
        """Let a key expire: nothing here does."""

    async def xread(self, streams: Mapping[str, bytes], *, count: int, block: int | None = None) -> Any:  # noqa: ANN401 - as redis-py
        """Read a stream."""
        ((key, after),) = streams.items()
        assert self.process is not None
        found = await self.server.read(self.process, after, count, block)
        return [(key.encode(), found)] if found else []
