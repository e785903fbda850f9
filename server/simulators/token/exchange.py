"""What a simulated token provider's connections share: requests, responses, settings, and who answers them.

Bounded by the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from server.simulators.faults import SimulatedSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from server.simulators.faults import Fault, Faults


class SimulatedTokenSettings(SimulatedSettings, frozen=True, kw_only=True):
    """As every simulated provider, on HTTP/2: `goaway_every` so many streams a connection says GOAWAY, 0: never."""

    streams_max: int = 1000
    goaway_every: int = 0


class Request(NamedTuple):
    """One request; `connection` is the same object for all requests of one connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: dict[str, float]
    repeated: frozenset[str] = frozenset()
    """Names of headers that came more than once."""


class Response(msgspec.Struct, frozen=True):
    """One answer; `opens_streams` lets the connection have all of its streams from now on."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    opens_streams: bool = False


class Site(NamedTuple):
    """What every connection shares: who answers, what goes wrong and how, and how many streams one begins with.

    `apart` are paths that belong to another service of the same provider, which goes wrong for itself: never, here.
    """

    handle: Callable[[Request], Response]
    wrong: Callable[[Fault], Response]
    faults: Faults
    settings: SimulatedTokenSettings
    streams_first: int
    apart: frozenset[str]

    def next_fault(self, path: str) -> Fault | None:
        """Return how a request of `path` goes wrong, None when it does not."""
        return None if path in self.apart else self.faults.next_fault()
