"""A hostile provider on a real socket: takes a request, then floods; and the longest turn of an event loop meanwhile.

It runs in a thread, so that only what our side does counts. Bounded: `CONNECTIONS_MAX` connections, each flooded with
`FLOOD_BYTES` at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from push.transport.http2 import frames as wire
from push.transport.http2.frames import FRAME, NUMBER
from push.transport.http2.headers import HeaderBlocks
from push.transport.http2.reader import SLICE_FRAMES, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from push.transport.http2 import Reply

FLOOD_BYTES: Final = 64 << 20
CONNECTIONS_MAX: Final = 1000
SOCKET_S: Final = 30.0
PRIORITY: Final = 2


class Ignoring:
    """Receives every event of a connection and does nothing."""

    def on_reply(self, stream: int, reply: Reply) -> None:
        """Take an answer."""

    def on_refused(self, stream: int) -> None:
        """Take a call back."""

    def on_setting(self, name: int, value: int) -> None:
        """Take a setting."""

    def on_settings(self) -> None:
        """Take the end of settings."""

    def on_goaway(self, last: int) -> None:
        """Take a farewell."""

    def on_window(self, more_bytes: int) -> None:
        """Take a window."""

    def say(self, data: bytes) -> None:
        """Send nothing."""


def slice_s() -> float:
    """Return the least CPU time in which as many of the cheapest frames are read as a slice has."""
    data, took_s = wire.frame(PRIORITY, 0, 1, bytes(wire.PRIORITY_BYTES)) * (SLICE_FRAMES - 1), []
    for _ in range(5):
        reader, began_s = Reader(Ignoring(), HeaderBlocks("http", "provider.example"), set()), time.thread_time()
        reader.feed(data)
        took_s.append(time.thread_time() - began_s)
    return min(took_s)


class HostileProvider:
    """Floods every connection once it has its first request: with `before` once, then with `flood` without end.

    Several floods take turns, a connection each. `codes`: those with which clients over HTTP/2 ended their connections.
    `http2` False: it speaks HTTP/1.1. `port` 0: any that is free.
    """

    def __init__(
        self, flood: bytes | Sequence[bytes], before: bytes = b"", *, http2: bool = True, port: int = 0
    ) -> None:
        self._floods = [flood] if isinstance(flood, bytes) else flood
        self._before = before
        self._http2 = http2
        self._socket = socket.create_server(("127.0.0.1", port))
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.sent_bytes = 0
        self.codes: list[int] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self.connections < CONNECTIONS_MAX:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SOCKET_S)
            with contextlib.suppress(OSError):
                self._flood_it(connection)
            self._note_end(connection)

    def _flood_it(self, connection: socket.socket) -> None:
        if self._http2:
            connection.sendall(wire.frame(wire.SETTINGS, 0, 0))
        # The first frame of a call's body ends its stream; a request over HTTP/1.1 begins with its method.
        asked, came = FRAME.pack(0, wire.END_STREAM, 1)[4:] if self._http2 else b"POST", b""
        while asked not in came:
            more = connection.recv(1 << 16)
            if not more:
                return
            came += more
        connection.sendall(self._before)
        flood, sent_bytes = self._floods[self.connections % len(self._floods)], 0
        while flood and sent_bytes < FLOOD_BYTES:
            connection.sendall(flood)
            sent_bytes += len(flood)
            self.sent_bytes += len(flood)

    def _note_end(self, connection: socket.socket) -> None:
        """Read on up to the farewell: the code with which the client ended the connection."""
        came = b""
        with contextlib.suppress(OSError):
            while more := connection.recv(1 << 16):
                came = (came + more)[-(1 << 20) :]
        head = FRAME.pack(8 << 8 | wire.GOAWAY, 0, 0)
        at = came.rfind(head)
        if at >= 0:
            self.codes.append(NUMBER.unpack_from(came, at + len(head) + 4)[0])


class Turns:
    """The longest turn of the event loop, in CPU seconds of its thread: what other processes do is no part of it.

    Neither is the collection of what the tests before have left, which a server does not have: that takes 100 ms.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last_s = time.thread_time()

    async def __aenter__(self) -> Self:
        gc.freeze()
        self._watching = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._watching.cancel()
        await asyncio.wait([self._watching])
        gc.unfreeze()

    async def _watch(self) -> None:
        while True:
            now_s = time.thread_time()
            self.longest_s = max(self.longest_s, now_s - self._last_s)
            self._last_s = now_s
            await asyncio.sleep(0)
