"""Defines what passes between the connections of a SIMULATED token provider and the provider itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from server.simulators.faults import SimulatedSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from server.simulators.faults import Fault, Faults


class SimulatedTokenSettings(SimulatedSettings, frozen=True, kw_only=True):
    """The settings of a simulated token provider; `goaway_every`: GOAWAY after so many streams, 0 for never."""

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
    """The names of headers that came more than once."""


class Response(msgspec.Struct, frozen=True):
    """One answer; `opens_streams` raises the connection's limit to `streams_max` from now on."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    opens_streams: bool = False


class Site(NamedTuple):
    """What all connections of a provider share: `handle` answers a request, `wrong` answers one with a fault.

    A connection begins with `streams_first` streams. The paths in `apart` belong to another service of the same
    provider, which has no faults here.
    """

    handle: Callable[[Request], Response]
    wrong: Callable[[Fault], Response]
    faults: Faults
    settings: SimulatedTokenSettings
    streams_first: int
    apart: frozenset[str]

    def next_fault(self, path: str) -> Fault | None:
        """Return the fault of the next request, None when it succeeds."""
        return None if path in self.apart else self.faults.next_fault()
