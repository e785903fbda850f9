"""The connections of one lane: groups of calls flow in, rulings flow out, group by group.

Bounded: connections follow the rate and the measured round trip up to
`connections_max`, each with `streams_per_connection` or what the provider allows; `timeout_s` a call; one group a
worker waits.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from push.http2.connection import Connection
from push.http2.group import Group
from push.http2.headers import HeaderBlocks
from push.provider import LaneSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.http2.group import Reply
    from push.http2.headers import Head
    from push.token_answers import Ruling

LOOK_S: Final = 0.25
HEADROOM: Final = 1.5
"""More streams than the average round trip asks for, because round trips differ."""

CONNECT_AGAIN_S: Final = 1.0
"""After a connection that could not be opened another one beside those that stand is not tried for so long."""

IDLE_S: Final = 300.0
"""Connections beyond the first one are closed after so long without a call; providers want them kept, not many."""


class Http2Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane reaches its provider; `ca_file` only for a provider of one's own."""

    url: str
    streams_per_connection: int = 100
    connections_max: int = 32
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    ca_file: Path | None = None
    rate_per_s: float | None = None


class Http2LaneSettings(LaneSettings, frozen=True, kw_only=True):
    """What a lane over HTTP/2 has beside what every lane has. `ca_file` only for a provider of one's own."""

    streams_per_connection: Annotated[int, Meta(ge=1, le=5000)] = 100
    connections_max: Annotated[int, Meta(ge=1, le=256)] = 64
    ca_file: Path | None = None

    def client(self) -> Http2Client:
        """Return the lane's client; called with the loop running."""
        return Http2Client(
            Http2Settings(
                url=self.url,
                streams_per_connection=self.streams_per_connection,
                connections_max=self.connections_max,
                timeout_s=self.timeout_s,
                ca_file=self.ca_file,
                rate_per_s=self.lane_rate_per_s,
            )
        )


class Http2Client:
    """The connections of one lane to one provider; made with the loop running."""

    def __init__(self, settings: Http2Settings) -> None:
        self._settings = settings
        self._url = urlsplit(settings.url)
        self._context: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._context = ssl.create_default_context(cafile=settings.ca_file)
            self._context.set_alpn_protocols(["h2"])
        self._groups: deque[Group] = deque()
        self._waiting: set[Group] = set()
        self._connections: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._looking: asyncio.TimerHandle | None = None
        self._dead: Exception | None = None
        self._again_at_s = float("-inf")
        self._closed = False

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def round_trip_s(self) -> float:
        """The measured time of a call in seconds, averaged over the connections."""
        known = [one.round_trip_s for one in self._connections if one.round_trip_s]
        return sum(known) / len(known) if known else 0.0

    async def send_all(
        self, head: Head, calls: Sequence[tuple[bytes, bytes]], rule: Callable[[Reply], Ruling]
    ) -> list[Ruling | None]:
        """Send calls (path and body) that share a head and return their rulings in order.

        Once a ruling says that nothing more is to be sent, what is not begun ends as None. Cancelled: calls that were
        begun end by themselves, and nobody hears of them. RuntimeError when a bug was met.
        """
        if not calls:
            return []
        if self._dead is not None:
            raise RuntimeError("the HTTP/2 client has met a bug") from self._dead
        group = Group(head, calls, rule, asyncio.get_running_loop().create_future())
        self._groups.append(group)
        self._waiting.add(group)
        try:
            self._pump()
            await group.answered
        finally:
            group.stop()
            self._waiting.discard(group)
        return group.rulings

    async def close(self) -> None:
        """Close the connections."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        for task in self._connecting:
            task.cancel()
        if self._connecting:
            await asyncio.wait(self._connecting)
        for connection in self._connections:
            connection.close()

    def has_room(self, connection: Connection) -> None:
        """Begin calls where there is room; a connection that was lost is forgotten."""
        if connection.lost:
            self._connections.discard(connection)
            self._pump()
        elif self._groups:
            self._fill(connection)
            if self._groups:
                self._open_another()

    def given_back(self, group: Group, row: int) -> None:
        """Send a call elsewhere, before all others."""
        if not group.waiting:
            self._groups.appendleft(group)
        group.give_back(row)

    def died(self, error: Exception) -> None:
        """Hand a bug to everybody who waits, so that the process ends loudly."""
        self._dead = error
        for group in self._waiting:
            group.raise_in_caller(error)
        for connection in [*self._connections]:
            connection.abort()

    def _pump(self) -> None:
        """Begin calls on every connection with room, and open another one if that is not enough."""
        for connection in [*self._connections]:
            if not self._groups:
                return
            self._fill(connection)
            connection.flush()
        if self._groups:
            self._open_another()

    def _fill(self, connection: Connection) -> None:
        room = connection.room
        while room > 0 and self._groups:
            group = self._groups[0]
            if not group.waiting:
                self._groups.popleft()
                continue
            begun = connection.begin(group, room)
            if not begun and group.waiting:
                return
            room -= begun

    def _open_another(self) -> None:
        if self._closed or not self._wants_another():
            return
        task = asyncio.get_running_loop().create_task(self._connect(), name="http2 connect")
        self._connecting.add(task)
        task.add_done_callback(self._connected)
        if self._looking is None:
            self._look()

    def _wants_another(self) -> bool:
        """Connections double at most, once those that there are have answered: only then their limits are known."""
        usable = [one for one in self._connections if not one.going]
        proven = sum(one.answered for one in usable)
        total = len(usable) + len(self._connecting)
        if total - proven >= max(1, proven) or total >= self._settings.connections_max:
            return False
        if not usable:
            return True
        if asyncio.get_running_loop().time() < self._again_at_s:
            return False
        calls = float(sum(one.active for one in usable) + sum(group.waiting for group in self._groups))
        if self._settings.rate_per_s is not None:
            calls = min(calls, self._settings.rate_per_s * self.round_trip_s * HEADROOM)
        return ceil(calls / max(one.streams for one in usable)) > total

    async def _connect(self) -> None:
        loop, settings = asyncio.get_running_loop(), self._settings
        port = self._url.port or (443 if self._context else 80)
        authority = self._url.netloc.rpartition("@")[2]
        blocks = HeaderBlocks(self._url.scheme, authority)
        connection = Connection(self, blocks, settings.streams_per_connection, settings.timeout_s)
        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                transport, _ = await loop.create_connection(
                    lambda: connection, self._url.hostname or "", port, ssl=self._context
                )
                encryption = transport.get_extra_info("ssl_object")
                if encryption is not None and encryption.selected_alpn_protocol() != "h2":
                    failure: str | None = "the provider speaks no HTTP/2"
                else:
                    failure = await connection.ready
        except (OSError, TimeoutError) as error:
            failure = f"no connection ({type(error).__name__})"
        if failure is None:
            self._connections.add(connection)
            return
        connection.abort()
        self._again_at_s = loop.time() + CONNECT_AGAIN_S
        if not self._connections:
            for group in [*self._groups]:
                group.fail(failure)

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self.died(error)
        else:
            self._pump()

    def _look(self) -> None:
        """Look after the connections, again and again while there are any."""
        self._looking = None
        loop = asyncio.get_running_loop()
        try:
            for connection in [*self._connections]:
                connection.look()
                if len(self._connections) > 1 and not connection.active and connection.idle_s > IDLE_S:
                    connection.going = True
                    connection.flush()
            self._pump()
        except Exception as error:  # noqa: BLE001 - a bug: said to everybody who waits
            self.died(error)
        if (self._connections or self._connecting) and not self._closed:
            self._looking = loop.call_later(LOOK_S, self._look)
