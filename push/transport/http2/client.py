"""The connections of one lane: sends groups of calls over them, and opens as many as that needs.

    waits --begun--> under way --answered, too late, lost--> replied
      ^                  |
      +---given back-----+   at most REPLAYS_MAX times a call

What waits ends as well when no connection can be had (`push.transport.http2.dial`), when connections end before they
answer anything (BARREN_MAX in a row), and when nothing at all is answered for `timeout_s`. Bounded: connections follow
the rate and the measured round trip up to `connections_max`, each with `streams_per_connection` or what the provider
allows; one group a worker waits.
"""

from __future__ import annotations

import asyncio
from math import ceil
from typing import TYPE_CHECKING, Final

from push.transport.http2.bounds.dials import Dials
from push.transport.http2.dial import Dialer
from push.transport.http2.group import Group
from push.transport.http2.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from push.transport.http2.connection import Connection
    from push.transport.http2.dial import Http2Settings
    from push.transport.http2.headers import Head
    from push.transport.http2.reply import Reply

POLL_INTERVAL_S: Final = 0.25
HEADROOM: Final = 1.5
"""More streams than the average round trip asks for, because round trips differ."""

CONNECT_AGAIN_S: Final = 1.0
"""After a connection that could not be opened another one beside those that stand is not tried for so long."""

BARREN_MAX: Final = 3
"""So many connections in a row that ended before any answer: the provider is as good as down."""

IDLE_S: Final = 300.0
"""Connections beyond the first one are closed after so long without a call; providers want them kept, not many."""


class Http2Client:
    """The connections of one lane to one provider; made with the loop running."""

    def __init__(self, settings: Http2Settings) -> None:
        self._settings = settings
        self._dialer = Dialer(settings)
        self._waiting = Waiting()
        self._connections: set[Connection] = set()
        self._leaving: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._looking: asyncio.TimerHandle | None = None
        self._looked_s = self._moved_s = 0.0
        self._barren = 0
        self._dead: Exception | None = None
        self._again_at_s = float("-inf")
        self._dials = Dials(settings.connections_max, asyncio.get_running_loop().time())
        self._closed = False

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections) + len(self._leaving)

    @property
    def round_trip_s(self) -> float:
        """The measured time of a call in seconds, averaged over the connections."""
        known = [one.watch.round_trip_s for one in self._connections if one.watch.answered]
        return sum(known) / len(known) if known else 0.0

    async def send_all(
        self,
        head: Head,
        calls: Sequence[tuple[bytes, bytes]],
        *,
        may_send: Callable[[], bool],
        stops: Callable[[Reply], bool],
    ) -> list[Reply | None]:
        """Send calls (path and body) that share a head and return the replies in order; None: not begun.

        `may_send` is asked right before calls are begun. `stops` is asked of each reply that is no 200; once it says
        so, nothing more is begun. Cancelled: calls that were begun end by themselves, and nobody gets their replies.
        RuntimeError when a bug was met.
        """
        if not calls:
            return []
        if self._dead is not None:
            raise RuntimeError("the HTTP/2 client has met a bug") from self._dead
        if not may_send():
            return [None] * len(calls)
        group = Group(head, calls, may_send, stops, asyncio.get_running_loop().create_future())
        try:
            self._enter(group)
            await group.answered
        finally:
            self._waiting.leave(group)
        return group.replies

    async def close(self) -> None:
        """Close the connections; whatever waits or is under way ends without an answer."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        self._waiting.fail("the lane is closed")
        for task in self._connecting:
            task.cancel()
        if self._connecting:
            await asyncio.wait(self._connecting)
        for connection in self._connections | self._leaving:
            connection.close()

    def has_room(self, connection: Connection) -> None:
        """Begin calls where there is room; a connection that goes or was lost is not counted on any more."""
        if connection.going:
            self._leave(connection)
            self._pump()
        elif self._waiting and connection in self._connections:
            self._waiting.fill(connection)
            if self._waiting:
                self._open_another()

    def given_back(self, group: Group, row: int) -> None:
        """Send a call elsewhere, before all others."""
        self._waiting.give_back(group, row)

    def died(self, error: Exception) -> None:
        """Hand a bug to everybody who waits, so that the process ends loudly."""
        self._dead = self._dead or error
        self._waiting.raise_in_all(error)
        for task in self._connecting:
            task.cancel()
        for connection in self._connections | self._leaving:
            connection.abort()

    def _enter(self, group: Group) -> None:
        """Let a group wait, and begin what can be begun."""
        if self._closed:
            group.fail("the lane is closed")
            return
        if not self._waiting:
            self._moved_s = asyncio.get_running_loop().time()
        self._waiting.enter(group)
        try:
            self._pump()
        except Exception as error:
            self.died(error)
            raise

    def _pump(self) -> None:
        """Begin calls on every connection with room, and open another one if that is not enough."""
        for connection in [*self._connections]:
            if not self._waiting:
                return
            self._waiting.fill(connection)
            connection.flush()
        if self._waiting:
            self._open_another()

    def _leave(self, connection: Connection) -> None:
        """Count on a connection no more; it stays until it is lost, for the calls that are under way."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._leaving.add(connection)
            self._moved_s = max(self._moved_s, connection.watch.answered_s)
            self._barren = 0 if connection.watch.answered else self._barren + 1
            if connection.flooded:
                self._dials.rest(asyncio.get_running_loop().time())
            if self._barren >= BARREN_MAX and not self._connections:
                self._waiting.fail("connections end before anything is answered")
        if connection.lost:
            self._leaving.discard(connection)

    def _open_another(self) -> None:
        if self._closed or self._dead is not None or not self._wants_another():
            return
        if not self._dials.take(asyncio.get_running_loop().time()):
            self._look_later()
            return
        task = asyncio.get_running_loop().create_task(self._connect(), name="http2 connect")
        self._connecting.add(task)
        task.add_done_callback(self._connected)
        self._look_later()

    def _wants_another(self) -> bool:
        """Connections double at most, once those that there are have answered: only then their limits are known."""
        proven = sum(one.watch.answered for one in self._connections)
        total = len(self._connections) + len(self._connecting)
        if total - proven >= max(1, proven) or total >= self._settings.connections_max:
            return False
        if not self._connections:
            return True
        if asyncio.get_running_loop().time() < self._again_at_s:
            return False
        calls = float(sum(one.active for one in self._connections) + self._waiting.calls)
        if self._settings.rate_per_s is not None:
            calls = min(calls, self._settings.rate_per_s * self.round_trip_s * HEADROOM)
        return ceil(calls / max(one.streams for one in self._connections)) > total

    async def _connect(self) -> None:
        opened = await self._dialer.dial(self)
        if not isinstance(opened, str):
            self._connections.add(opened)
            return
        self._again_at_s = asyncio.get_running_loop().time() + CONNECT_AGAIN_S
        if not self._connections:
            self._waiting.fail(opened)

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        try:
            if error is None:
                self._pump()
        except Exception as bug:  # noqa: BLE001 - raised in everybody who waits
            error = bug
        if isinstance(error, Exception):
            self.died(error)

    def _look_later(self) -> None:
        """Look after the connections soon, and once at a time."""
        if self._looking is None and not self._closed and self._dead is None:
            loop = asyncio.get_running_loop()
            self._looked_s = loop.time()
            self._looking = loop.call_later(POLL_INTERVAL_S, self._look)

    def _look(self) -> None:
        """Look after the connections, again and again while there are any, and after who waits for one."""
        self._looking = None
        as_of_s = self._looked_s
        try:
            for connection in self._connections | self._leaving:
                connection.look(as_of_s)
                self._moved_s = max(self._moved_s, connection.watch.answered_s)
                idle = not connection.active and as_of_s - connection.watch.begun_s > IDLE_S
                connection.going = connection.going or (idle and len(self._connections) > 1)
                if connection.going:
                    self._leave(connection)
                    connection.flush()
            self._waiting.apply()
            if self._waiting and as_of_s - self._moved_s > self._settings.timeout_s:
                self._waiting.fail("no answer in time")
            self._pump()
        except Exception as error:  # noqa: BLE001 - a bug: raised in everybody who waits
            self.died(error)
        if self._connections or self._leaving or self._connecting or self._waiting:
            self._look_later()
