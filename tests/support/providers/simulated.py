"""Run a simulated APNs or FCM as a process of its own, without any stores.

Bounded as `tests.support.processes.processes.Process`.
"""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import jwt

from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOPIC = "example.alert"


class Simulated(NamedTuple):
    """A running simulated provider: its URLs, its certificate, and the folder with its keys."""

    url: str
    control_url: str
    certificate: str
    folder: Path

    @property
    def port(self) -> int:
        """Its port at 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def trusted(self, *protocols: str) -> ssl.SSLContext:
        """Return a client's TLS context that trusts the provider and offers `protocols` by ALPN."""
        context = ssl.create_default_context(cafile=self.certificate)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def provider_token(self, made_s: int) -> str:
        """Return an APNs provider token issued at `made_s`."""
        key = (self.folder / "apns.p8").read_text()
        claims = {"iss": "SIMULATEDT", "iat": made_s}
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "SIMULATED1"})

    async def counts(self) -> dict[str, Any]:
        """Return the provider's counts."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.control_url}/simulated/counts") as answer:
            counts: dict[str, Any] = await answer.json()
        return counts

    async def tokens(self) -> list[str]:
        """Return the tokens that the provider accepted."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.control_url}/simulated/tokens") as answer:
            tokens: list[str] = await answer.json()
        return tokens

    async def outage(self, *, by: str) -> None:
        """Let every request fail from now on."""
        switch = {"on": True, "by": by}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{self.control_url}/simulated/outage", json=switch)


@asynccontextmanager
async def simulated(name: str, folder: Path, *options: str) -> AsyncIterator[Simulated]:
    """Run a simulated APNs or FCM."""
    keys = ["--key-file", str(folder / "apns.p8")] if name == "apns" else ["--accounts-dir", str(folder)]
    process = Process("simulate", name, *keys, *options)
    try:
        control_url = await process.started()
        async with aiohttp.ClientSession() as session, session.get(f"{control_url}/simulated/endpoint") as answer:
            endpoint = await answer.json()
        assert endpoint["simulated"]
        yield Simulated(endpoint["url"], control_url, endpoint["certificate"], folder)
    finally:
        process.end()
