"""Connects to exactly the addresses that were judged, and to no other.

Two locks: the resolver of a connection knows only them, and whoever makes its sockets refuses every other address.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver

from public.photos.fetching.targets import may_reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.abc import ResolveResult
    from aiohttp.connector import AddrInfoType

    from public.photos.fetching.plan import FetchPlan


class PinnedResolver(AbstractResolver):
    """Resolves one name to addresses that were judged before."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses; OSError for another name."""
        del family
        if host.lower() != self._host:
            raise OSError("another name than the one that was judged")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


class GuardedSockets:
    """Makes the sockets of a connection: to addresses that may be reached, and to no other."""

    def __init__(self, plan: FetchPlan) -> None:
        self._plan = plan

    def __call__(self, info: AddrInfoType) -> socket.socket:
        """Return a socket for an address; OSError for one that may not be reached."""
        family, kind, protocol, _, address = info
        if not may_reach(str(address[0]), self._plan):
            raise OSError("an address that is not public")
        return socket.socket(family, kind, protocol)
