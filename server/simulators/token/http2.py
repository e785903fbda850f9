"""Speaks HTTP/2 for a SIMULATED token provider, with faults.

The library h2 implements the protocol, and is strict with clients. Two things are implemented here: GOAWAY, because h2
sends nothing after its own, and the limit of streams, because h2 ends a connection that exceeds it, where RFC 9113
refuses only the stream. Bounded: `BODY_BYTES` a request, `streams_max` a connection once its client acknowledged that.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RequestReceived,
    SettingsAcknowledged,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame, SettingsFrame

from server.simulators.faults import Fault
from server.simulators.token.exchange import Request, Response

if TYPE_CHECKING:
    from hyperframe.frame import Frame

    from server.simulators.token.exchange import Site

BODY_BYTES: Final = 16 * 1024
SLOW_READER_S: Final = 0.1
STREAM_FAULTS: Final = (
    Fault.UNAVAILABLE,
    Fault.BUSY,
    Fault.REFUSED_STREAM,
    Fault.RESET,
    Fault.UNREADABLE,
    Fault.HALF_ANSWERED,
    Fault.DROPPED,
    Fault.SLOW_READER,
)
"""The faults that HTTP/2 can have."""

SILENT: Final = frozenset({Fault.HUNG, Fault.DROPPED, Fault.REFUSED_STREAM, Fault.RESET, Fault.HALF_ANSWERED})
"""The faults without a complete answer."""

UNLIMITED: Final = 1 << 31
GOAWAY_DATA: Final = b'{"reason":"simulated"}'
"""The debug data of a GOAWAY: APNs may send a reason in it, and Google's servers a short text."""


class Http2Protocol(asyncio.Protocol):
    """Serves one connection."""

    def __init__(self, site: Site, connections: set[Http2Protocol]) -> None:
        self._site = site
        self._connections = connections
        config = H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = H2Connection(config)
        self._h2.local_settings = Settings(client=False)
        self._streams = UNLIMITED
        self._announced: deque[int] = deque()
        self._headers: dict[int, list[tuple[str, str]]] = {}
        self._bodies: dict[int, bytearray] = {}
        self._state: dict[str, float] = {}
        self._served = 0
        self._open: set[int] = set()
        self._highest = 0
        self._last: int | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send our settings."""
        self._connections.add(self)
        if isinstance(transport, asyncio.Transport) or hasattr(transport, "write"):
            self._transport = transport  # type: ignore[assignment] # uvloop's transports are of no common class
        self._h2.initiate_connection()
        self._announced.append(UNLIMITED)
        self._h2.increment_flow_control_window(1 << 30)
        self._announce(self._site.streams_first)

    def data_received(self, data: bytes) -> None:
        """Handle the frames that came."""
        try:
            events = self._h2.receive_data(data)
        except ProtocolError:
            self._flush()
            self._close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._begin(event.stream_id, event.headers)  # type: ignore[arg-type] # decoded by h2
            elif isinstance(event, DataReceived):
                body = self._bodies.get(event.stream_id, bytearray())
                body.extend(event.data[: BODY_BYTES - len(body)])
            elif isinstance(event, StreamEnded):
                self._request(event.stream_id)
            elif isinstance(event, StreamReset):
                self._forget(event.stream_id)
            elif isinstance(event, SettingsAcknowledged) and self._announced:
                self._streams = self._announced.popleft()
            elif isinstance(event, ConnectionTerminated):
                self._close()
                return
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Remove the connection from the open ones."""
        self._transport = None
        self._connections.discard(self)

    def _begin(self, stream: int, headers: list[tuple[str, str]]) -> None:
        if self._last is not None and stream > self._last:
            # Above the last stream of the GOAWAY: it is ignored, and its client repeats it on another connection.
            return
        if len(self._open) >= self._streams:
            self._h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            return
        self._headers[stream] = headers
        self._bodies[stream] = bytearray()
        self._open.add(stream)

    def _request(self, stream: int) -> None:
        listed = self._headers.pop(stream, None)
        if listed is None:
            return
        body = bytes(self._bodies.pop(stream))
        headers = dict(listed)
        repeated = frozenset(name for name, times in Counter(name for name, _ in listed).items() if times > 1)
        request = Request(headers.pop(":method", ""), headers.pop(":path", ""), headers, body, self._state, repeated)
        self._served += 1
        self._highest = max(self._highest, stream)
        every = self._site.settings.goaway_every
        if every and self._served >= every and self._last is None:
            self._go_away()
        fault = self._site.next_fault(request.path)
        if fault in SILENT:
            self._go_wrong(stream, fault)
            return
        if fault is Fault.SLOW_READER:
            self._read_later()
        response = self._site.handle(request) if fault in {None, Fault.SLOW_READER} else self._site.wrong(fault)
        delay_s = self._site.faults.latency_s()
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._late, stream, response)
        else:
            self._answer(stream, response)

    def _go_away(self) -> None:
        """Send GOAWAY with the last stream: open ones up to it are answered, later ones are ignored."""
        last = self._last = self._highest
        for stream in [stream for stream in self._open if stream > last]:
            self._forget(stream)
        self._write(GoAwayFrame(0, last_stream_id=last, error_code=ErrorCodes.NO_ERROR, additional_data=GOAWAY_DATA))

    def _announce(self, streams: int) -> None:
        """Send the limit of streams, which is enforced once the client has acknowledged it."""
        self._announced.append(streams)
        self._write(SettingsFrame(0, settings={SettingCodes.MAX_CONCURRENT_STREAMS: streams}))

    def _write(self, frame: Frame) -> None:
        """Send a frame after the pending data of h2."""
        if self._transport is not None:
            self._transport.write(self._h2.data_to_send() + frame.serialize())

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
        streams_max = self._site.settings.streams_max
        if response.opens_streams and (self._announced[-1] if self._announced else self._streams) != streams_max:
            self._announce(streams_max)

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

    def _read_later(self) -> None:
        """Stop reading for `SLOW_READER_S`."""
        if self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(SLOW_READER_S, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

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
        if self._last is not None and not self._open:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()
