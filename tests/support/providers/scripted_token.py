"""An APNs and an FCM that give one scripted answer, each with a gateway to it.

Bounded by the test.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
from redis import asyncio as aioredis

from push.providers import apns, fcm
from push.transport.quota import Quotas
from server.simulators.faults import Faults
from server.simulators.reached import Reached
from server.simulators.token.apns import key_in
from server.simulators.token.exchange import Request, Response, SimulatedTokenSettings
from server.simulators.token.fcm import account_in
from server.simulators.token.site import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from server.simulators.faults import Fault

TOKENS: Final = [b"%064x" % number for number in (1, 2)]
FIRST: Final = TOKENS[0]


class Scripted:
    """A provider that gives the scripted answer to the first token and accepts all others."""

    name = "scripted"
    streams_first = 1
    http1 = True
    apart: frozenset[str] = frozenset()

    def __init__(self, settings: SimulatedTokenSettings, answer: Response) -> None:
        self.reached, self.faults = Reached(), Faults(settings)
        self._answer = answer
        self.grants = self.sent = 0
        self.authorizations: list[str] = []
        self.refused: set[str] = set()

    def listen_at(self, url: str) -> None:
        """Ignore the URL."""

    def wrong(self, fault: Fault) -> Response:
        """Fail the test: no fault is simulated."""
        raise AssertionError(fault)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path == "/token":
            self.grants += 1
            return Response(200, b'{"access_token": "%d", "expires_in": 3600}' % self.grants)
        self.sent += 1
        self.authorizations.append(request.headers.get("authorization", ""))
        if self.authorizations[-1] in self.refused:
            return Response(403, b'{"reason": "ExpiredProviderToken"}')
        if FIRST.decode() in request.path or FIRST in request.body:
            return self._answer
        return Response(200, b"" if request.path.startswith("/3/") else b"{}")


@asynccontextmanager
async def _scripted(answer: Response) -> AsyncIterator[tuple[Scripted, str, Path]]:
    """Yield the provider, its URL and its certificate."""
    settings = SimulatedTokenSettings()
    provider, stopping = Scripted(settings, answer), asyncio.Event()
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(provider, settings, stopping, listening.set_result), name="scripted")
        control_url = (await listening).split()[-1]
        async with aiohttp.ClientSession() as session, session.get(f"{control_url}/simulated/endpoint") as response:
            endpoint = await response.json()
        yield provider, endpoint["url"], Path(endpoint["certificate"])
        stopping.set()


@asynccontextmanager
async def scripted_apns(
    answer: Response, folder: Path, now_s: Callable[[], float] = time.time
) -> AsyncIterator[tuple[apns.ApnsGateway, Scripted]]:
    """Open a gateway to an APNs that gives this answer to the first token."""
    key_in(folder / "apns.p8")
    async with _scripted(answer) as (provider, url, certificate):
        settings = apns.ApnsSettings(
            url=url, key_file=folder / "apns.p8", key_id="K", team_id="T", topic="t", ca_file=certificate
        )
        gateway = apns.ApnsGateway(settings, now_s)
        yield gateway, provider
        await gateway.close()


@asynccontextmanager
async def scripted_fcm(
    answer: Response,
    folder: Path,
    *projects: str,
    **settings: Any,  # noqa: ANN401 - those of FcmSettings
) -> AsyncIterator[tuple[fcm.FcmGateway, Scripted]]:
    """Open a gateway to an FCM that gives this answer to the first token."""
    names = projects or ("simulated-project",)
    files = [folder / f"{name}.json" for name in names]
    async with _scripted(answer) as (provider, url, certificate):
        for name, file in zip(names, files, strict=True):
            account_in(folder, name)
            account = msgspec.json.decode(file.read_bytes())
            file.write_bytes(msgspec.json.encode({**account, "token_uri": f"{url}/token"}))
        settings = {"url": url, "service_account_files": files, "ca_file": certificate, **settings}
        gateway = fcm.FcmGateway(fcm.FcmSettings(**settings), Quotas(aioredis.Redis(port=9)))
        yield gateway, provider
        await gateway.close()
