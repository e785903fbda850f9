"""Fetches one picture: hop by hop, each judged and connected to by its address, within bytes and seconds.

Raises nothing: whatever servers, networks and names do comes back as a `FetchFault`. Bounded: `FetchPlan`.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from public.photos.fetching.pinned import GuardedSockets, PinnedResolver
from public.photos.fetching.plan import FetchFault
from public.photos.fetching.targets import Target, may_reach, target_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from yarl import URL

    from public.photos.fetching.plan import FetchPlan

ADDRESSES_MAX: Final = 16
"""Of a name: they are tried one after the other within the time of the fetch."""

CHUNK: Final = 64 * 1024
HEADERS: Final = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "QQ-Alert"}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class _Redirect(NamedTuple):
    """Where an answer leads, as its server wrote it."""

    location: str


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Return all addresses of a name, as the system's resolver knows them; OSError when there is none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Fetcher:
    """Fetches pictures. `resolve`: the addresses of a name; `tls`: by which certificates are verified."""

    def __init__(
        self,
        plan: FetchPlan,
        resolve: Callable[[str, int], Awaitable[list[str]]] = resolve_by_system,
        tls: ssl.SSLContext | bool = True,  # noqa: FBT001, FBT002 - aiohttp's: True verifies as usual
    ) -> None:
        self._plan = plan
        self._resolve = resolve
        self._tls = tls

    async def fetch(self, address: str) -> bytes | FetchFault:
        """Return the bytes behind an address."""
        try:
            async with asyncio.timeout(self._plan.timeout_s):
                return await self._follow(address)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return FetchFault.UNREACHABLE

    async def _follow(self, address: str) -> bytes | FetchFault:
        """Follow redirects, each judged as if it were the first address."""
        base: URL | None = None
        for _ in range(self._plan.redirects_max + 1):
            target = target_of(address, self._plan, base)
            if isinstance(target, FetchFault):
                return target
            addresses = await self._addresses(target)
            if isinstance(addresses, FetchFault):
                return addresses
            answer = await self._ask(target, addresses)
            if not isinstance(answer, _Redirect):
                return answer
            base, address = target.url, answer.location
        return FetchFault.TOO_MANY_REDIRECTS

    async def _addresses(self, target: Target) -> list[str] | FetchFault:
        """Return the addresses of a target, all of which may be reached; one that may not spoils all."""
        found = [target.host] if target.is_address else await self._resolve(target.host, target.port)
        if not found:
            return FetchFault.UNREACHABLE
        if not all(may_reach(one, self._plan) for one in found):
            return FetchFault.INTERNAL_ADDRESS
        return found[:ADDRESSES_MAX]

    async def _ask(self, target: Target, addresses: list[str]) -> bytes | _Redirect | FetchFault:
        """Return the bytes of an answer, or where it redirects to."""
        connector = aiohttp.TCPConnector(
            resolver=PinnedResolver(target.host, addresses),
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls,
            socket_factory=GuardedSockets(self._plan),
        )
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            ) as session,
            session.get(target.url, headers=HEADERS, allow_redirects=False) as response,
        ):
            if response.status in _REDIRECTS and "Location" in response.headers:
                return _Redirect(response.headers["Location"])
            if response.status != HTTPStatus.OK:
                return FetchFault.NOT_FOUND
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | FetchFault:
        if (response.content_length or 0) > self._plan.bytes_max:
            return FetchFault.TOO_LARGE
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > self._plan.bytes_max:
                return FetchFault.TOO_LARGE
        return bytes(body)
