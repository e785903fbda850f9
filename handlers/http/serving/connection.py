"""Serves one connection, and ends it when its client keeps the server waiting.

Each wait for a client has a deadline: for a whole head (also between requests), for a body (`handlers.http.requests`),
and for a response to be read, which has a second more for each `requests.BYTES_PER_S`. Of a request that is answered
before its end, `DISCARDED_BYTES` more are dropped unread; then nothing is read any more, and the connection is closed
within `LINGERING_S`, so that its sender can still read the answer. Nothing is ever decompressed.

Bounded: a head by `HEADERS_MAX`, `HEAD_BYTES` and aiohttp's own 8 KiB a line.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from handlers.http import problems
from handlers.http.headers import SECURITY
from handlers.http.problem_codes import ProblemCode
from handlers.http.problems import Refusal
from handlers.http.requests import BYTES_PER_S
from handlers.http.serving.heads import fault_of, request_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import Any

    from handlers.http.connections import Place

LINGERING_S: Final = 2.0
"""So long a client has for reading an answer that came before the end of its request."""

DISCARDED_BYTES: Final = 64 * 1024
"""The rest of a small body is on its way before its answer can be; of a larger one nobody needs to be read."""

HEADERS_MAX: Final = 64
"""A browser behind two proxies sends thirty."""

HEAD_BYTES: Final = 64 * 1024
"""Eight lines of the greatest length: what a connection may keep in memory before it has sent a request."""

PROBE_S: Final = 2.0
"""A probe asks at once; so it is told from a stranger who only holds a connection."""

LOOK_S_MAX: Final = 5.0

_NO_HTTP: Final = Refusal(ProblemCode.MALFORMED_REQUEST, ProblemCode.MALFORMED_REQUEST.meaning)
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Rules(NamedTuple):
    """Within what time a client sends a head and reads a response; `malformed` counts what is no HTTP of an address.

    `malformed` returns the refusal of an address that has sent too much of it.
    """

    headers_s: float
    response_s: float
    malformed: Callable[[str | None], web.Response | None]


class Connection(web.RequestHandler):
    """One connection, with its place among all."""

    __slots__ = (
        "_answered",
        "_discarded",
        "_head",
        "_leaving",
        "_look",
        "_lost",
        "_peak",
        "_place",
        "_raw",
        "_rules",
        "_unread_since_s",
    )

    def __init__(self, server: web.Server, place: Place, rules: Rules) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=min(rules.headers_s, PROBE_S) if place.is_probe else rules.headers_s,
            access_log=None,  # type: ignore[arg-type] # as web.AppRunner takes it
            lingering_time=LINGERING_S,
            auto_decompress=False,
            max_headers=HEADERS_MAX,
        )
        # Both are given up with the connection, as aiohttp's own are.
        self._request_factory = partial(request_of, server.request_factory)
        self._request_handler = partial(self._checked, server.request_handler)
        self._place = place
        self._rules = rules
        self._raw: asyncio.Transport | None = None
        self._look: asyncio.TimerHandle | None = None
        self._head = 0
        self._leaving: Callable[[], None] | None = None
        self._answered = False
        self._discarded = 0
        self._lost = asyncio.Event()
        self._unread_since_s: float | None = None
        self._peak = 0

    @property
    def is_probe(self) -> bool:
        """Tell whether nothing but probes is served here."""
        return self._place.is_probe

    def works(self) -> None:
        """Note that the server has what it needs of the client."""
        self._place.works()

    def waits(self) -> None:
        """Note that the server waits for the client."""
        self._place.waits()

    @contextmanager
    def in_line(self, *, claims: bool) -> Iterator[Callable[[Callable[[], None]], None]]:
        """Note that a request waits for its turn; yields what is to be told what ends that when the client leaves.

        Meanwhile another connection may have the place: at once, unless the request `claims` to be somebody's.
        """
        if claims:
            self._place.waits()
        else:
            self._place.waits_for_turn()
        self._leaving = _not_in_line

        def watch(leave: Callable[[], None]) -> None:
            self._leaving = leave

        try:
            yield watch
        finally:
            self._leaving = None
            self._place.works()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        super().connection_made(transport)
        self._raw = cast("asyncio.Transport", transport)
        self._place.ended_by(self._raw.abort)
        self._look_later()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the place."""
        if self._look is not None:
            self._look.cancel()
        self._place.leave()
        self._lost.set()
        if self._leaving is not None:
            self._leaving()
        super().connection_lost(exc)
        self._raw = None

    def data_received(self, data: bytes) -> None:
        """Take what the client sends, or drop it where its request is answered."""
        if self._answered:
            self._discard(len(data))
            return
        requests = self._request_count
        super().data_received(data)
        if self._request_count > requests:
            self._head = 0
            if self._leaving is None:
                self._place.works()
        elif self._waiter is not None and not self._waiter.done():
            # Only a part of a head: everything else is a request, or belongs to one.
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse_head()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; after one that came before the end of its request nothing more is served."""
        if not request.content.is_eof():
            resp.force_close()
            self._answered = True
        elif self._place.is_probe:
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        if not self._messages:
            self._place.waits()
        if self._answered:
            self._place.ends()
            self._say_end()
            if request.content.is_eof():
                # No HTTP: aiohttp would close at once, and what came meanwhile would take the answer from its reader.
                await self._linger()
        return finished

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP, and count it against its address; every other error is aiohttp's to answer.

        An error that reaches this line met none of our own, and counts as one that did.
        """
        if not isinstance(exc, HttpProcessingError):
            answer = super().handle_error(request, status, exc, message)
            refused = None if exc is None else self._rules.malformed(request.remote)
            return answer if refused is None else refused
        self._answered = True
        return self._refusal(request, _NO_HTTP)

    async def _checked(
        self, serve: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], request: web.BaseRequest
    ) -> web.StreamResponse:
        """Serve a request whose head can be used; refuse any other before a route is looked for."""
        fault = fault_of(request)
        return await serve(request) if fault is None else self._refusal(request, fault)

    def _refusal(self, request: web.BaseRequest, fault: Refusal) -> web.Response:
        """Count what cannot be used against its address, and return the answer to it."""
        answer = self._rules.malformed(request.remote)
        if answer is None:
            answer = problems.response(*fault)
        answer.headers.update(SECURITY)
        answer.force_close()
        return answer

    def _refuse_head(self) -> None:
        self._rules.malformed(None if self._raw is None else _host(self._raw))
        if self._raw is not None:
            self._raw.write(_TOO_LONG)
        self._answered = True
        self._place.ends()
        self._say_end()
        asyncio.get_running_loop().call_later(LINGERING_S, self.force_close)

    def _say_end(self) -> None:
        """Let the client see that nothing more comes, while its own bytes may still be on their way."""
        if self._raw is not None and not self._raw.is_closing() and self._raw.can_write_eof():
            self._raw.write_eof()

    async def _linger(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGERING_S):
                await self._lost.wait()

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > DISCARDED_BYTES and self._raw is not None and not self._raw.is_closing():
            with suppress(RuntimeError):
                self._raw.pause_reading()

    def _look_later(self) -> None:
        within_s = min(self._rules.response_s / 4, LOOK_S_MAX)
        self._look = asyncio.get_running_loop().call_later(within_s, self._look_at_response)

    def _look_at_response(self) -> None:
        """End a connection whose client does not read: one that is closed otherwise waits for it without limit."""
        raw = self._raw
        if raw is None:
            return
        unread = raw.get_write_buffer_size()
        now_s = asyncio.get_running_loop().time()
        if not unread and not raw.is_closing():
            self._unread_since_s, self._peak = None, 0
        elif self._unread_since_s is None or (self._upgraded and unread < self._peak):
            # A stream has no end: whoever reads on is let read on, and the stream itself bounds what waits.
            self._unread_since_s, self._peak = now_s, unread
        else:
            self._peak = max(self._peak, unread)
            if now_s - self._unread_since_s > self._rules.response_s + self._peak / BYTES_PER_S:
                raw.abort()
        self._look_later()


def _not_in_line() -> None:
    """Stand for what ends the wait of a request that has its turn at once."""


def _host(transport: asyncio.BaseTransport) -> str | None:
    """Return the address of a connection, as `request.remote` has it."""
    address: Any = transport.get_extra_info("peername")
    return str(address[0]) if isinstance(address, tuple) else None
