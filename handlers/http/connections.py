"""Connections to the edge: how many there may be, in all and of one peer, so that strangers leave room for everybody.

A peer is an address, of IPv6 the network that one customer has. Who is over gets no answer: the connection is closed
before a byte of it is read. Bounded: `Bounds`; a count for each peer that is connected.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

V6_PREFIX: Final = 64
"""One customer of a provider has at least so many addresses of IPv6."""

LOG_EVERY_S: Final = 10.0
"""A flood of connections is one line in the log so often."""

_log = structlog.get_logger("handlers.connections")


class Bounds(NamedTuple):
    """At most so many connections: in all, and of one peer (0: of one peer as many as in all)."""

    total: int
    a_peer: int


class Connections:
    """Counts connections, admits new ones. A factory for `create_server`."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._peers: Counter[str] = Counter()
        self._logged_s = float("-inf")
        self.refused = 0

    def serving(self, protocol: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of a new connection; `protocol` makes what serves one that is admitted."""
        return lambda: _Counted(self, protocol)

    @property
    def open(self) -> int:
        """How many connections are open."""
        return self._peers.total()

    def admit(self, peer: str) -> bool:
        """Count a connection, or refuse it."""
        limit = self._bounds.a_peer or self._bounds.total
        if self.open < self._bounds.total and self._peers[peer] < limit:
            self._peers[peer] += 1
            return True
        self.refused += 1
        now_s = asyncio.get_running_loop().time()
        if now_s - self._logged_s > LOG_EVERY_S:
            self._logged_s = now_s
            _log.warning("connections.refused", open=self.open, refused=self.refused)
        return False

    def leave(self, peer: str) -> None:
        """Note that a connection that was admitted is closed."""
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]


class _Counted(asyncio.Protocol):
    """One connection: hands everything to the protocol that serves it, which is made once it is admitted."""

    def __init__(self, connections: Connections, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._make = protocol
        self._serving: asyncio.Protocol | None = None
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer = peer_of(transport.get_extra_info("peername"))
        if not self._connections.admit(self._peer):
            transport.close()
            return
        self._serving = self._make()
        self._serving.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._serving is not None:
            self._serving.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._serving is None else self._serving.eof_received()

    def pause_writing(self) -> None:
        if self._serving is not None:
            self._serving.pause_writing()

    def resume_writing(self) -> None:
        if self._serving is not None:
            self._serving.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._serving is not None:
            self._connections.leave(self._peer)
            self._serving.connection_lost(exc)
            self._serving = None


def peer_of(address: object) -> str:
    """Return what counts as one peer of a socket's address (host first); the empty text for one without a host."""
    host = str(address[0]) if isinstance(address, tuple) and address else ""
    return network_of(host)


def network_of(host: str) -> str:
    """Return what counts as one address: of IPv6 the network that one customer has."""
    if ":" not in host:
        return host
    parsed = ipaddress.IPv6Address(host.partition("%")[0])
    # A socket for both families shows IPv4 in this form, all of it in one network.
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, V6_PREFIX), strict=False))
