"""Serves each new connection by HTTP/2 or HTTP/1.1, as its TLS handshake agreed.

aiohttp serves HTTP/1.1, with the same handler and those faults that HTTP/1.1 can have. Bounded: `HANG_S` for a request
that gets no answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web

from server.simulators.faults import HANG_S, Fault
from server.simulators.token.exchange import Request, Site
from server.simulators.token.http2 import SILENT, Http2Protocol


class Dispatcher(asyncio.Protocol):
    """A new connection: HTTP/1.1 when the provider has it and the handshake did not agree on HTTP/2.

    Otherwise it is HTTP/2, agreed on or not, as at Apple: aioapns does not ask for it.
    """

    def __init__(self, site: Site, http1: web.Server | None, connections: set[Http2Protocol]) -> None:
        self._site = site
        self._connections = connections
        self._http1 = http1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Choose the protocol of the connection."""
        encryption = transport.get_extra_info("ssl_object")
        agreed = None if encryption is None else encryption.selected_alpn_protocol()
        protocol: asyncio.Protocol
        if agreed == "h2" or self._http1 is None:
            protocol = Http2Protocol(self._site, self._connections)
        else:
            protocol = self._http1()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def http1_server(site: Site) -> web.Server:
    """Return a server that answers clients of HTTP/1.1 like the site."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        await asyncio.sleep(site.faults.latency_s())
        fault = site.next_fault(request.path)
        if fault in SILENT:
            return await _go_wrong(request, fault)
        if fault is None:
            headers = {name.lower(): value for name, value in request.headers.items()}
            times = Counter(name.lower() for name in request.headers)
            repeated = frozenset(name for name in times if times[name] > 1)
            response = site.handle(Request(request.method, request.path_qs, headers, body, {}, repeated))
        else:
            response = site.wrong(fault)
        return web.Response(status=response.status, body=response.body, headers=dict(response.headers))

    return web.Server(handle)


async def _go_wrong(request: web.BaseRequest, fault: Fault | None) -> web.StreamResponse:
    """Hang, answer half, or drop the connection: in HTTP/1.1 no single stream can fail."""
    if fault is Fault.HUNG:
        await asyncio.sleep(HANG_S)
    half = web.StreamResponse(headers={"Content-Length": "100"})
    if fault is Fault.HALF_ANSWERED:
        await half.prepare(request)
        await half.write(b"{")
    if request.transport is not None:
        request.transport.abort()
    return half
