"""Gives connections their places: how many may be open, in all and of one peer, so that strangers leave room for all.

A peer is an address, of IPv6 the network that one customer has. Where the places are taken, a new connection takes that
of one that has its answer and only ends, else of the one that keeps the server waiting longest: one that has never sent
a request before one that rests between requests or sends its body slowly. Where none keeps the server waiting, the new
one is closed before a byte of it is read. A few places are for probes alone (`PROBES`), of peers in the operator's own
networks: an orchestrator must not take a server that is under attack for a dead one.

Bounded: `Bounds`; a count for each peer that is connected.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from runtime.addresses import is_internal

if TYPE_CHECKING:
    from collections.abc import Callable

V6_PREFIX: Final = 64
"""One customer of a provider has at least so many addresses of IPv6."""

LOG_EVERY_S: Final = 10.0
"""A flood of connections is one line in the log so often."""

PROBES: Final = 8
"""An orchestrator, a scraper and `qq-alert health` ask one at a time each; half of these would do."""

PROBES_SHARE: Final = 4
"""At most one place in so many is for probes, where an operator allows few connections."""

PATIENCE_S: Final = 2.0
"""So long a connection that has sent a request may keep the server waiting before another one takes its place."""

_log = structlog.get_logger("handlers.connections")


class Bounds(NamedTuple):
    """At most so many connections: in all, and of one peer (0: of one peer as many as in all)."""

    total: int
    a_peer: int


def _no_end() -> None:
    """Stand for how a connection is ended that has not begun."""


class Place:
    """The place of one connection; `is_probe`: it serves probes alone."""

    __slots__ = ("_connections", "_end", "is_probe", "peer")

    def __init__(self, connections: Connections, peer: str, *, is_probe: bool) -> None:
        self._connections = connections
        self._end: Callable[[], object] = _no_end
        self.peer = peer
        self.is_probe = is_probe

    def ended_by(self, end: Callable[[], object]) -> None:
        """Say how the connection is closed when another one takes its place."""
        self._end = end

    def works(self) -> None:
        """Note that the server has what it needs: the place is not given away."""
        self._connections.move(self, None)

    def waits(self) -> None:
        """Note that the server waits for the client again: for the next request, or for the rest of a body."""
        self._connections.move(self, Waiting.KNOWN)

    def waits_for_turn(self) -> None:
        """Note that a stranger waits for a turn: the place counts as that of one who has asked for nothing."""
        self._connections.move(self, Waiting.NEW)

    def ends(self) -> None:
        """Note that nothing more is served here: the place is the first to be given away."""
        self._connections.move(self, Waiting.ENDING)

    def leave(self) -> None:
        """Free the place; again: nothing."""
        self._connections.leave(self)

    def give_up(self) -> None:
        """Free the place for another connection, and close this one."""
        self._connections.leave(self)
        self._end()


class Waiting:
    """Places on which the server waits, the longest first: that have their answer, never sent a request, and others."""

    ENDING: Final = 0
    NEW: Final = 1
    KNOWN: Final = 2

    def __init__(self) -> None:
        self._since_s: tuple[dict[Place, float], dict[Place, float], dict[Place, float]] = ({}, {}, {})

    def add(self, place: Place, kind: int) -> None:
        """Note that the server waits from now on."""
        self._since_s[kind][place] = asyncio.get_running_loop().time()

    def discard(self, place: Place) -> None:
        """Note that it does not any more."""
        for places in self._since_s:
            places.pop(place, None)

    def longest(self) -> Place | None:
        """Return the place to give away, None when the server waits for nobody, or not long enough."""
        ending, new, known = self._since_s
        for places in (ending, new):
            if places:
                return next(iter(places))
        place = next(iter(known), None)
        if place is None or asyncio.get_running_loop().time() - known[place] < PATIENCE_S:
            return None
        return place


class _Peer:
    """The places of one peer."""

    def __init__(self) -> None:
        self.open = 0
        self.waiting = Waiting()


class Connections:
    """Admits new connections, and takes back the places of those that end."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._a_peer = bounds.a_peer or bounds.total
        self._places: set[Place] = set()
        self._peers: dict[str, _Peer] = {}
        self._waiting = Waiting()
        self._probes: set[Place] = set()
        self._probes_waiting = Waiting()
        self._logged_s = float("-inf")
        self.refused = 0
        self.displaced = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._places) + len(self._probes)

    def admit(self, host: str) -> Place | None:
        """Return a place for a connection from an address, None when there is none; the address may be unknown."""
        peer, is_own = network_of(host), is_internal(host)
        known = self._peers.get(peer)
        a_peer = self._a_peer - (_probes_within(self._a_peer) if is_own else 0)
        waiting: Waiting | None = None
        if known is not None and known.open >= a_peer:
            waiting = known.waiting
        elif len(self._places) >= self._bounds.total - _probes_within(self._bounds.total):
            waiting = self._waiting
        if waiting is None or self._displace(waiting):
            return self._enter(peer)
        place = self._probe(peer) if is_own else None
        if place is None:
            self.refused += 1
            self._report()
        return place

    def _enter(self, peer: str) -> Place:
        place = Place(self, peer, is_probe=False)
        self._places.add(place)
        known = self._peers.setdefault(peer, _Peer())
        known.open += 1
        for waiting in (known.waiting, self._waiting):
            waiting.add(place, Waiting.NEW)
        return place

    def _probe(self, peer: str) -> Place | None:
        """Return a place for a probe, that of the probe which keeps the server waiting longest if need be."""
        probes = min(_probes_within(self._bounds.total), _probes_within(self._a_peer))
        if len(self._probes) >= probes and not self._displace(self._probes_waiting):
            return None
        place = Place(self, peer, is_probe=True)
        self._probes.add(place)
        self._probes_waiting.add(place, Waiting.NEW)
        return place

    def _displace(self, waiting: Waiting) -> bool:
        place = waiting.longest()
        if place is None:
            return False
        place.give_up()
        self.displaced += 1
        self._report()
        return True

    def displace(self) -> bool:
        """Close the connection that keeps the server waiting longest, for want of descriptors; False: there is none."""
        return self._displace(self._waiting)

    def _report(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._logged_s > LOG_EVERY_S:
            self._logged_s = now_s
            _log.warning("connections.full", open=self.open, refused=self.refused, displaced=self.displaced)

    def move(self, place: Place, kind: int | None) -> None:
        """Note whether the server waits for the client of a place (`Waiting`), or works (None)."""
        if place not in self._places and place not in self._probes:
            return
        known = self._peers.get(place.peer)
        queues = [self._probes_waiting] if place.is_probe or known is None else [known.waiting, self._waiting]
        for waiting in queues:
            waiting.discard(place)
            if kind is not None:
                waiting.add(place, kind)

    def leave(self, place: Place) -> None:
        """Take back a place."""
        self.move(place, None)
        self._probes.discard(place)
        if place not in self._places:
            return
        self._places.remove(place)
        known = self._peers[place.peer]
        known.open -= 1
        if not known.open:
            del self._peers[place.peer]


def _probes_within(limit: int) -> int:
    """Return how many of so many places are for probes alone."""
    return min(PROBES, limit // PROBES_SHARE)


def host_of(address: object) -> str:
    """Return the host of a socket's address (host first); the empty text for one without a host."""
    return str(address[0]) if isinstance(address, tuple) and address else ""


def network_of(host: str) -> str:
    """Return what counts as one address: of IPv6 the network that one customer has."""
    if ":" not in host:
        return host
    parsed = ipaddress.IPv6Address(host.partition("%")[0])
    # A socket for both families shows IPv4 in this form, all of it in one network.
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, V6_PREFIX), strict=False))
