"""An HTTP/2 client on the library h2, with which tests of simulated providers control every frame.

hyperframe alone reads GOAWAY, because h2 accepts no frames after it. Bounded: `WITHIN_S` for an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RemoteSettingsChanged, ResponseReceived, StreamReset
from h2.settings import SettingCodes
from hyperframe.frame import Frame, GoAwayFrame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.providers.simulated import Simulated

WITHIN_S = 10.0
HEAD_BYTES = 9
BODY = b'{"aps":{"alert":"simulated"}}'


class H2Client:
    """One connection, on which a test begins and ends streams one by one; `statuses` holds each stream's answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._h2 = H2Connection()
        self.statuses: dict[int, str] = {}
        self.last: int | None = None
        self.streams_max = 0
        self._h2.initiate_connection()

    def begin(self, headers: list[tuple[str, str]]) -> int:
        """Send the headers of a request; returns its stream."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, headers)
        return stream

    def end(self, stream: int, body: bytes = BODY) -> None:
        """Send the body of a request."""
        self._h2.send_data(stream, body, end_stream=True)

    def ask(self, headers: list[tuple[str, str]], body: bytes = BODY) -> int:
        """Send a whole request; returns its stream."""
        stream = self.begin(headers)
        self.end(stream, body)
        return stream

    def disregard_limit(self) -> None:
        """Allow more streams than the server has allowed, which h2 otherwise refuses."""
        self._h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1 << 31
        self._h2.remote_settings.acknowledge()

    async def flush(self) -> None:
        """Send all pending frames at once."""
        self._writer.write(self._h2.data_to_send())
        await self._writer.drain()

    async def listen(self, until: Callable[[], bool] = lambda: False) -> None:
        """Read until a condition is true, or until the server closes the connection."""
        with contextlib.suppress(ConnectionResetError):
            # What came before the server closed is still to be read.
            await self.flush()
        async with asyncio.timeout(WITHIN_S):
            while not until() and await self._read():
                with contextlib.suppress(ConnectionResetError):
                    await self.flush()

    async def _read(self) -> bool:
        """Read one frame; False when the connection has ended."""
        try:
            head = await self._reader.readexactly(HEAD_BYTES)
            frame, length = Frame.parse_frame_header(memoryview(head))
            body = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        if isinstance(frame, GoAwayFrame):
            frame.parse_body(memoryview(body))
            self.last = frame.last_stream_id
            return True
        for event in self._h2.receive_data(head + body):
            if isinstance(event, ResponseReceived):
                self.statuses[event.stream_id] = dict(event.headers)[b":status"].decode()
            elif isinstance(event, StreamReset):
                self.statuses[event.stream_id] = ErrorCodes(event.error_code).name
            elif (
                isinstance(event, RemoteSettingsChanged)
                and SettingCodes.MAX_CONCURRENT_STREAMS in event.changed_settings
            ):
                self.streams_max = event.changed_settings[SettingCodes.MAX_CONCURRENT_STREAMS].new_value
        return True


@asynccontextmanager
async def connected(provider: Simulated) -> AsyncIterator[H2Client]:
    """Connect to a simulated provider."""
    reader, writer = await asyncio.open_connection("127.0.0.1", provider.port, ssl=provider.trusted("h2"))
    try:
        yield H2Client(reader, writer)
    finally:
        writer.transport.abort()
