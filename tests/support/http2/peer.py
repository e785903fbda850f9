"""A provider in memory for tests of the HTTP/2 client: a script decides each answer, on a jumping clock.

The library h2, which is strict, speaks the provider's side of the protocol. Bounded by the script; an endless wait is
an error.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from push.results import RecipientStatus, RequestStatus
from push.transport.http2 import Head, Http2Settings, Reply
from push.transport.http2_lane import Http2Lane
from push.transport.token_results import CallResult
from tests.support.processes.clock import JumpingLoop
from tests.support.providers.clearances import CLEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hyperframe.frame import Frame

T = TypeVar("T")
HEAD = Head((("authorization", "Bearer of tests"), ("content-type", "application/json")), "/send")


class Pipe(asyncio.Transport):
    """The client's transport; `piece` returns how many bytes to deliver at once, `held`: the peer does not read."""

    def __init__(self, client: asyncio.Protocol, piece: Callable[[], int], high_bytes: int) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._client, self._piece, self._high_bytes = client, piece, high_bytes
        self._there, self._back = bytearray(), bytearray()
        self._paused = self._pumping = self._closing = self._reading_paused = False
        self.held = self.ended = self.lost = False
        self.receive: Callable[[bytes], None] = lambda _: None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the client's bytes."""
        if self._closing:
            return
        self._there += data
        if len(self._there) > self._high_bytes and not self._paused:
            self._paused = True
            self._client.pause_writing()
        self._wake()

    def send(self, data: bytes) -> None:
        """Take the peer's bytes."""
        if not self._closing:
            self._back += data
            self._wake()

    def end(self) -> None:
        """Let the peer close its side, after its last bytes have been delivered."""
        self.ended = True
        self._wake()

    def drop(self, error: Exception | None = None) -> None:
        """Lose the connection."""
        if not self.lost:
            self._closing = self.lost = True
            self._loop.call_soon(self._client.connection_lost, error)

    def close(self) -> None:
        """Close as asyncio does: written bytes are delivered, no more are received."""
        if not self._closing:
            self._closing = True
            self.receive(_cut(self._there, len(self._there)))
            self.drop()

    abort = drop

    def pause_reading(self) -> None:
        """Deliver nothing more of the peer's for now."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        self._reading_paused = False
        self._wake()

    def is_closing(self) -> bool:
        """Tell whether the transport is closing or closed."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002 - asyncio's
        """Return the default: there is no encryption."""
        return default

    def _wake(self) -> None:
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if self._there and not self.held:
            self.receive(_cut(self._there, self._piece()))
        if self._paused and not self._there:
            self._paused = False
            self._client.resume_writing()
        back = self._back and not self._reading_paused
        if back and not self._closing:
            self._client.data_received(_cut(self._back, self._piece()))
        elif self.ended and not self._back and not self._closing:
            self._client.eof_received()
            self.drop()
        if not self._closing and (back or (self.ended and not self._back) or (self._there and not self.held)):
            self._wake()


def _cut(data: bytearray, number: int) -> bytes:
    piece = bytes(data[:number])
    del data[:number]
    return piece


class Peer:
    """The provider's side of one connection; each complete request that was not refused goes to `Provider.asked`."""

    def __init__(self, provider: Provider, pipe: Pipe, settings: dict[int, int] | None) -> None:
        self._provider = provider
        self.pipe = pipe
        pipe.receive = self._receive
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.bodies: dict[int, bytearray] = {}
        self.open: dict[int, bytes] = {}
        self.heads: list[dict[object, object]] = []
        self.last: int | None = None
        self.resets = 0
        self.ended_with: int | None = None
        if settings is not None:
            self.h2.local_settings = Settings(
                client=False, initial_values={SettingCodes(name): value for name, value in settings.items()}
            )
            self.h2.initiate_connection()
            self.flush()

    def flush(self, *frames: Frame) -> None:
        """Send what h2 has to send, then these frames."""
        self.pipe.send(self.h2.data_to_send() + b"".join(one.serialize() for one in frames))

    def answer(self, stream: int, status: int = 200, body: bytes = b"") -> None:
        """Answer a call."""
        self.open.pop(stream, None)
        self.h2.send_headers(stream, [(":status", str(status))], end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()

    def reset(self, stream: int, code: int) -> None:
        """Reset a call's stream."""
        self.open.pop(stream, None)
        self.h2.reset_stream(stream, code)
        self.flush()

    def go_away(self, last: int) -> None:
        """Send GOAWAY: no stream after `last` is processed."""
        self.last = last
        self.open = {stream: body for stream, body in self.open.items() if stream <= last}
        self.flush(GoAwayFrame(0, last_stream_id=last))

    def _receive(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except ProtocolError as error:
            self._provider.violations.append(repr(error))
            self.pipe.drop()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self.bodies[event.stream_id] = bytearray()
                self.heads.append(dict(event.headers))
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] += event.data
            elif isinstance(event, ConnectionTerminated):
                self.ended_with = int(event.error_code or 0)
            elif isinstance(event, StreamReset):
                self.resets += 1
                self.open.pop(event.stream_id, None)
            elif isinstance(event, StreamEnded):
                self._take(event.stream_id)
        self.flush()

    def _take(self, stream: int) -> None:
        if self.last is None or stream <= self.last:
            self.open[stream] = bytes(self.bodies.pop(stream))
            self._provider.asked(self, stream, self.open[stream])


class Provider:
    """The provider to which the client connects; `asked` is the script, `refusals` are errors of the next connects.

    `settings` are those of the first connection, the second, and so on; the last ones serve all that follow. None: the
    provider never sends any.
    """

    def __init__(self, asked: Callable[[Peer, int, bytes], None], *settings: dict[int, int] | None) -> None:
        self.asked = asked
        self._settings = settings or ({},)
        self.peers: list[Peer] = []
        self.violations: list[str] = []
        self.refusals: deque[OSError] = deque()
        self.written_max = 1 << 18
        self.piece: Callable[[], int] = lambda: 1 << 16
        self.connected: Callable[[Peer], None] = lambda _: None

    async def connect(self, factory: Callable[[], asyncio.Protocol], *_: object, **__: object) -> tuple[Pipe, Any]:
        """Stand in for the loop's create_connection."""
        await asyncio.sleep(0)
        if self.refusals:
            raise self.refusals.popleft()
        protocol = factory()
        pipe = Pipe(protocol, self.piece, self.written_max)
        protocol.connection_made(pipe)
        peer = Peer(self, pipe, self._settings[min(len(self.peers), len(self._settings) - 1)])
        self.peers.append(peer)
        self.connected(peer)
        return pipe, protocol


def judge(reply: Reply) -> CallResult:
    """Return a result whose reason holds the reply's status, body and error."""
    return CallResult(
        RecipientStatus.RETRY, RequestStatus.ANSWERED, f"{reply.status} {reply.body.decode()}{reply.error}"
    )


def calls(number: int, size: int = 10) -> list[tuple[bytes, bytes]]:
    """Return calls whose bodies are different numbers."""
    return [(b"", b"%0*d" % (size, row)) for row in range(number)]


async def reasons(client: Http2Lane, number: int, size: int = 10, head: Head = HEAD) -> list[str | None]:
    """Send calls and return the reason of each result."""
    results = await client.send_all(head, calls(number, size), judge, CLEAR)
    return [None if one is None else one.reason for one in results]


def run(provider: Provider, main: Callable[[Http2Lane], Coroutine[Any, Any, T]], **settings: Any) -> T:  # noqa: ANN401 - those of Http2Settings
    """Run `main` with a client of this provider; then check that h2 found no fault, and that no task is left."""
    wrong: list[dict[str, Any]] = []

    async def whole() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: wrong.append(context))
        loop.create_connection = provider.connect  # type: ignore[assignment,method-assign]
        client = Http2Lane(Http2Settings(url="http://provider.example", **settings))
        result = await main(client)
        await client.close()
        await asyncio.sleep(1)
        assert (client.client.connections, asyncio.all_tasks()) == (0, {asyncio.current_task()})
        return result

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        result = runner.run(whole())
    assert (provider.violations, wrong) == ([], [])
    return result
