"""A simulated token provider's wire: HTTP/2 frames flow in, requests to a handler flow out, answers and faults back.

The protocol is the library h2's, which is strict about what a client may do. A client that speaks HTTP/1.1 only (by
ALPN) is served by aiohttp with the same handler. Bounded: `BODY_BYTES` a request, `streams_max` a connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from aiohttp import web
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes

from server.simulated.faults import Fault, Faults, SimulatedTpnsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BODY_BYTES: Final = 16 * 1024
HANG_S: Final = 150.0
SILENT: Final = frozenset({Fault.HUNG, Fault.DROPPED, Fault.REFUSED_STREAM, Fault.RESET, Fault.HALF_ANSWERED})
"""Faults in which no whole answer goes out."""


class SimulatedTokenSettings(SimulatedTpnsSettings, frozen=True, kw_only=True):
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


class Response(msgspec.Struct, frozen=True):
    """One answer; `opens_streams` lets the connection have all of its streams from now on."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    opens_streams: bool = False


class Site(NamedTuple):
    """What every connection shares: who answers, what goes wrong and how, and how many streams one begins with."""

    handle: Callable[[Request], Response]
    wrong: Callable[[Fault], Response]
    faults: Faults
    settings: SimulatedTokenSettings
    streams_first: int


class Http2Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, site: Site, connections: set[Http2Protocol]) -> None:
        self._site = site
        self._connections = connections
        config = H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = H2Connection(config)
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytearray] = {}
        self._state: dict[str, float] = {}
        self._served = 0
        self._open: set[int] = set()
        self._going = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with our settings."""
        self._connections.add(self)
        if isinstance(transport, asyncio.Transport) or hasattr(transport, "write"):
            self._transport = transport  # type: ignore[assignment] # uvloop's transports are of no common class
        self._h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = self._site.streams_first
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(1 << 30)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read frames."""
        try:
            events = self._h2.receive_data(data)
        except ProtocolError:
            self._flush()
            self._close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._headers[event.stream_id] = dict(event.headers)  # type: ignore[arg-type] # decoded by h2
                self._bodies[event.stream_id] = bytearray()
                self._open.add(event.stream_id)
            elif isinstance(event, DataReceived):
                self._bodies.get(event.stream_id, bytearray()).extend(event.data[:BODY_BYTES])
            elif isinstance(event, StreamEnded):
                self._request(event.stream_id)
            elif isinstance(event, StreamReset):
                self._forget(event.stream_id)
            elif isinstance(event, ConnectionTerminated):
                self._close()
                return
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget it."""
        self._transport = None
        self._connections.discard(self)

    def _request(self, stream: int) -> None:
        headers = self._headers.pop(stream, None)
        if headers is None:
            return
        body = bytes(self._bodies.pop(stream))
        request = Request(headers.pop(":method", ""), headers.pop(":path", ""), headers, body, self._state)
        self._served += 1
        fault = self._site.faults.next_fault()
        every = self._site.settings.goaway_every
        if every and self._served >= every and not self._going:
            # What is open is still answered; new streams go to another connection.
            self._going = True
            self._h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=stream)
        if fault in SILENT:
            self._go_wrong(stream, fault)
            return
        response = self._site.handle(request) if fault is None else self._site.wrong(fault)
        delay_s = self._site.faults.latency_s()
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._late, stream, response)
        else:
            self._answer(stream, response)

    def _late(self, stream: int, response: Response) -> None:
        self._answer(stream, response)
        self._flush()

    def _answer(self, stream: int, response: Response) -> None:
        if self._transport is None or stream not in self._open:
            return
        self._open.discard(stream)
        headers = [(":status", str(response.status)), *response.headers]
        try:
            self._h2.send_headers(stream, headers, end_stream=not response.body)
            if response.body:
                self._h2.send_data(stream, response.body, end_stream=True)
        except (StreamClosedError, ProtocolError):
            return
        if response.opens_streams and self._h2.local_settings.max_concurrent_streams != self._site.settings.streams_max:
            self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._site.settings.streams_max})

    def _go_wrong(self, stream: int, fault: Fault | None) -> None:
        if fault is Fault.DROPPED:
            self.abort()
        elif fault in {Fault.REFUSED_STREAM, Fault.RESET}:
            self._open.discard(stream)
            code = ErrorCodes.REFUSED_STREAM if fault is Fault.REFUSED_STREAM else ErrorCodes.INTERNAL_ERROR
            self._h2.reset_stream(stream, code)
        elif fault is Fault.HALF_ANSWERED:
            self._h2.send_headers(stream, [(":status", "200"), ("content-length", "100")])
            self._h2.send_data(stream, b"{")
            self._flush()
            self._close()

    def _forget(self, stream: int) -> None:
        self._open.discard(stream)
        self._headers.pop(stream, None)
        self._bodies.pop(stream, None)

    def _flush(self) -> None:
        if self._transport is None:
            return
        data = self._h2.data_to_send()
        if data:
            self._transport.write(data)
        if self._going and not self._open:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


class Dispatcher(asyncio.Protocol):
    """A new connection: HTTP/2 or HTTP/1.1, as it was agreed on in the TLS handshake."""

    def __init__(self, site: Site, http1: web.Server, connections: set[Http2Protocol]) -> None:
        self._site = site
        self._connections = connections
        self._http1 = http1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection on."""
        encryption = transport.get_extra_info("ssl_object")
        agreed = None if encryption is None else encryption.selected_alpn_protocol()
        protocol: asyncio.Protocol = Http2Protocol(self._site, self._connections) if agreed == "h2" else self._http1()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def http1_server(site: Site) -> web.Server:
    """Return the same site for clients of HTTP/1.1, with the faults that this wire can have."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, request.path_qs, headers, await request.read(), {})
        fault = site.faults.next_fault()
        if fault in SILENT:
            return await _silent(request, fault)
        response = site.handle(asked) if fault is None else site.wrong(fault)
        await site.faults.latency()
        return web.Response(status=response.status, body=response.body, headers=dict(response.headers))

    return web.Server(handle)


async def _silent(request: web.BaseRequest, fault: Fault | None) -> web.StreamResponse:
    """Go wrong without a whole answer: hang, answer half, or only drop the connection."""
    if fault is Fault.HUNG:
        await asyncio.sleep(HANG_S)
    half = web.StreamResponse(headers={"Content-Length": "100"})
    if fault is Fault.HALF_ANSWERED:
        await half.prepare(request)
        await half.write(b"{")
    if request.transport is not None:
        request.transport.abort()
    return half
