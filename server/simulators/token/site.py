"""Serves a SIMULATED token provider over HTTP/2, with a second listener for its switches and counts.

That one is plain HTTP under `/simulated/`, which a real provider has not. Bounded: until the caller stops it.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from aiohttp import web

from server.simulators.certificate import context_in
from server.simulators.faults import Fault
from server.simulators.token.dispatch import Dispatcher, http1_server
from server.simulators.token.exchange import Site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from server.simulators.faults import Faults
    from server.simulators.reached import Reached
    from server.simulators.token.exchange import Request, Response, SimulatedTokenSettings
    from server.simulators.token.http2 import Http2Protocol


class _Switch(msgspec.Struct):
    """The body of `POST /simulated/outage`: every request fails by that fault while it is on."""

    on: bool
    by: str = Fault.DROPPED.value


class TokenProvider(Protocol):
    """A simulated token provider; `http1`: it speaks HTTP/1.1 too. `apart`: see `exchange.Site`."""

    name: str
    streams_first: int
    http1: bool
    apart: frozenset[str]
    reached: Reached
    faults: Faults

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def wrong(self, fault: Fault) -> Response:
        """Answer one request with a fault."""

    def listen_at(self, url: str) -> None:
        """Take the URL that the provider listens at, before it is printed."""


async def serve(
    provider: TokenProvider,
    settings: SimulatedTokenSettings,
    stopping: asyncio.Event,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until `stopping` is set; `ready` gets a text with the provider's URL and, last, the control URL."""
    site = Site(provider.handle, provider.wrong, provider.faults, settings, provider.streams_first, provider.apart)
    with tempfile.TemporaryDirectory(prefix="qqa-simulated-") as folder:
        context = context_in(Path(folder), ["h2", "http/1.1"] if provider.http1 else ["h2"])
        http1 = http1_server(site)
        connections: set[Http2Protocol] = set()
        server = await asyncio.get_running_loop().create_server(
            lambda: Dispatcher(site, http1 if provider.http1 else None, connections),
            settings.host,
            settings.port,
            ssl=context,
            backlog=1024,
        )
        url = f"https://{settings.host}:{server.sockets[0].getsockname()[1]}"
        provider.listen_at(url)
        endpoint = {"simulated": True, "url": url, "certificate": str(Path(folder) / "cert.pem")}
        control = web.ServerRunner(web.Server(_control(provider, endpoint, connections)), shutdown_timeout=0.5)
        await control.setup()
        try:
            await web.TCPSite(control, settings.host, 0).start()
            host, port = control.addresses[0][:2]
            ready(f"{url} control http://{host}:{port}")
            await stopping.wait()
        finally:
            server.close()
            for connection in [*connections]:
                connection.abort()
            await control.cleanup()
            await http1.shutdown(timeout=0.5)


def _control(
    provider: TokenProvider, endpoint: dict[str, object], connections: set[Http2Protocol]
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    reached = provider.reached
    answers: dict[str, Callable[[], object]] = {
        "/simulated/counts": lambda: {**reached.summary(), "faults": dict(provider.faults.made)},
        "/simulated/tokens": reached.tokens,
        "/simulated/repeats": lambda: list(reached.repeats()),
        "/simulated/endpoint": lambda: endpoint,
    }

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.path in answers:
            content = msgspec.json.encode(answers[request.path]())
            return web.Response(body=content, content_type="application/json")
        if request.path == "/simulated/outage":
            switch = msgspec.json.decode(await request.read(), type=_Switch)
            provider.faults.outage = switch.on
            provider.faults.outage_by = Fault(switch.by)
            for connection in [*connections] if switch.on and provider.faults.outage_by is Fault.DROPPED else ():
                connection.abort()
        elif request.path == "/simulated/reset":
            reached.reset()
        else:
            return web.Response(status=404, text="simulated: no such path")
        return web.Response(status=204)

    return handle
