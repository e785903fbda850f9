"""A hostile provider on a real socket: takes calls, then floods; and the longest turn of an event loop meanwhile.

It runs in a thread, so that only what our side does counts. Bounded: `CONNECTIONS_MAX` connections, each flooded with
`FLOOD_BYTES` at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from push.transport.http2 import frames as wire
from push.transport.http2.frames import FRAME, NUMBER

if TYPE_CHECKING:
    from types import TracebackType

FLOOD_BYTES: Final = 64 << 20
CONNECTIONS_MAX: Final = 1000
SOCKET_S: Final = 30.0


class HostileProvider:
    """Floods every connection once it has its first call; `codes` are those with which clients ended theirs."""

    def __init__(self, flood: bytes, *, answers_first: bool = False) -> None:
        self._flood = flood
        self._answers_first = answers_first
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.sent_bytes = 0
        self.codes: list[int] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
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
        connection.sendall(wire.frame(wire.SETTINGS, 0, 0))
        came = b""
        # The first frame of a call's body ends its stream.
        while FRAME.pack(0, wire.END_STREAM, 1)[4:] not in came:
            more = connection.recv(1 << 16)
            if not more:
                return
            came += more
        if self._answers_first:
            connection.sendall(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, 1, b"\x88"))
        while self.sent_bytes < FLOOD_BYTES:
            connection.sendall(self._flood)
            self.sent_bytes += len(self._flood)

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
    """The longest turn of the event loop, in CPU seconds of its thread: what other processes do is no part of it."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last_s = time.thread_time()

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await asyncio.sleep(0)
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        while True:
            now_s = time.thread_time()
            self.longest_s = max(self.longest_s, now_s - self._last_s)
            self._last_s = now_s
            await asyncio.sleep(0)
