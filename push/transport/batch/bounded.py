"""Connections over HTTP/1.1 whose peer may be hostile: what it sends is read slice by slice, and ends at a bound.

aiohttp bounds lines, headers and what it buffers; this bounds how long the event loop reads at once, interim answers,
and all bytes of an answer with its framing. Bounded: `SLICE_BYTES` at once, `MESSAGES_MAX`, `ANSWER_WIRE_BYTES`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    import ssl

    from aiohttp.abc import AbstractResolver

SLICE_BYTES: Final = 16 * 1024
"""Read at once: an answer in chunks of one byte takes two milliseconds then, and not forty."""

ANSWER_WIRE_BYTES: Final = 2 << 20
"""Of one answer as it came: twice what is read of a body, for a provider that sends it in small chunks."""

MESSAGES_MAX: Final = 8
"""Interim answers (1xx) that wait to be read: providers send none or one."""


class BoundedConnection(ResponseHandler):
    """One connection; a peer that goes beyond the bounds is dropped, which is no answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._unread = bytearray()
        self._next: asyncio.Handle | None = None
        self._received = 0
        self._lost: tuple[BaseException | None] | None = None

    @property
    def should_close(self) -> bool:
        """Tell whether it can serve no other request: not while something is unread that no request asked for."""
        return super().should_close or bool(self._unread)

    def set_response_params(self, **settings: Any) -> None:  # noqa: ANN401 - aiohttp's
        """Expect an answer to another request."""
        self._received = 0
        super().set_response_params(**settings)

    def data_received(self, data: bytes) -> None:
        """Read a slice now, and the rest once others had their turn; nothing of the peer's reads what was kept."""
        if not data:
            super().data_received(data)
            return
        self._received += len(data)
        self._unread += data
        if self._received > ANSWER_WIRE_BYTES:
            self._drop()
        elif self._next is None and not self._reading_paused:
            self._read_slice()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's
        """Go on reading: first what is unread here."""
        super().resume_reading(resume_parser)
        self._read_on()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Read what is left before the connection counts as lost."""
        if self._unread and self.transport is not None:
            self._lost = (exc,)
            self._read_on()
        else:
            super().connection_lost(exc)

    def _read_on(self) -> None:
        if self._unread and self._next is None and not self._reading_paused:
            self._next = self._loop.call_soon(self._read_slice)
            self._pause_transport_reading()

    def _read_slice(self) -> None:
        self._next = None
        if self.transport is None:
            self._unread.clear()
        piece = bytes(self._unread[:SLICE_BYTES])
        del self._unread[:SLICE_BYTES]
        if piece:
            super().data_received(piece)
        if len(self._buffer) > MESSAGES_MAX:
            self._drop()
        elif self._unread:
            self._read_on()
        elif self._lost is not None:
            super().connection_lost(self._lost[0])
        elif not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    def _drop(self) -> None:
        self._unread.clear()
        self._should_close = True
        if self._lost is not None:
            super().connection_lost(self._lost[0])
        elif self.transport is not None:
            # Not by `abort` of this class, which would let the reader wait.
            self.transport.abort()


class BoundedConnector(aiohttp.TCPConnector):
    """Connections to providers: `connections` in all, `a_host` to one host and port (0: as many as in all)."""

    def __init__(
        self,
        *,
        connections: int,
        keep_alive_s: float,
        context: ssl.SSLContext,
        a_host: int = 0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        super().__init__(
            limit=connections, limit_per_host=a_host, keepalive_timeout=keep_alive_s, ssl=context, resolver=resolver
        )
        self._factory = cast("partial[ResponseHandler]", partial(BoundedConnection, loop=asyncio.get_running_loop()))
