"""Resolves push services, and none of them to an address of our own network.

Subscriptions come from outside and name their host; a name below an allowed one could lead to anything that its owner
writes into the DNS, and to something else a moment later. What is resolved here is what is connected to.
Bounded by what the system's resolver returns.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver

from runtime.addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp.abc import ResolveResult


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses; `own` (host:port, as the settings have it) may be anywhere."""

    def __init__(self, own: Collection[str], resolver: AbstractResolver | None = None) -> None:
        self._own = own
        self._resolver = resolver or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses that may be connected to; OSError when there is none."""
        found = await self._resolver.resolve(host, port, family)
        if f"{host}:{port}" in self._own:
            return found
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise OSError("no public address")
        return public

    async def close(self) -> None:
        """Close the system's resolver."""
        await self._resolver.close()
