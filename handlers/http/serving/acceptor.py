"""Accepts connections, and hands each that has a place to what serves it.

The places are given before the handshake of TLS, so that handshakes which never end are counted, too. When the process
or the machine has no descriptor left, the connection that keeps the server waiting longest is closed, and nothing is
accepted for `PAUSE_S`: the loop must not ask for what it cannot get. Bounded: `ACCEPTED_A_TURN` connections before
anything else has its turn, `HANDSHAKE_S` and `TLS_CLOSE_S` for the beginning and the end of TLS.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from handlers.http.connections import host_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from handlers.http.connections import Connections, Place

ACCEPTED_A_TURN: Final = 16
PAUSE_S: Final = 0.1
HANDSHAKE_S: Final = 15.0
TLS_CLOSE_S: Final = 5.0

_log = structlog.get_logger("handlers.acceptor")


class Acceptor:
    """Accepts on some sockets until it is closed; `protocol` makes what serves a connection in its place."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: Connections,
        protocol: Callable[[Place], asyncio.Protocol],
        context: ssl.SSLContext | None,
    ) -> None:
        self._sockets = sockets
        self._connections = connections
        self._protocol = protocol
        self._tls: dict[str, object] = {}
        if context is not None:
            self._tls = {"ssl": context, "ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": TLS_CLOSE_S}
        self._beginning: set[asyncio.Task[None]] = set()
        self._resuming: dict[socket.socket, asyncio.TimerHandle] = {}
        for listening in sockets:
            self._resume(listening)

    def close(self) -> None:
        """Accept nothing more, and end what has not begun; what is served goes on."""
        for listening in self._sockets:
            if (resuming := self._resuming.pop(listening, None)) is not None:
                resuming.cancel()
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        for task in self._beginning:
            task.cancel()

    def _resume(self, listening: socket.socket) -> None:
        self._resuming.pop(listening, None)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_A_TURN):
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listening, error)
                return
            accepted.settimeout(0)
            place = self._connections.admit(host_of(address))
            if place is None:
                accepted.close()
            else:
                place.ended_by(partial(_shut, accepted))
                self._begin(accepted, place)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Make room and wait: a listener that is ready and cannot be accepted from would keep the loop busy."""
        displaced = self._connections.displace()
        _log.warning("connections.not_accepted", errno=error.errno, displaced=displaced)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._resuming[listening] = loop.call_later(PAUSE_S, self._resume, listening)

    def _begin(self, accepted: socket.socket, place: Place) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(accepted, place), name="begin a connection")
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _serve(self, accepted: socket.socket, place: Place) -> None:
        """Hand a connection over, after the handshake of TLS; one that does not come so far frees its place."""
        began = False
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._protocol, place),
                accepted,
                **self._tls,  # type: ignore[arg-type] # only with TLS may there be any of them
            )
            began = True
        except OSError as error:
            _log.debug("connections.not_begun", error=type(error).__name__)
        finally:
            if not began:
                place.leave()


def _shut(accepted: socket.socket) -> None:
    """End a connection that has not begun: whoever waits for its bytes meets its end."""
    with suppress(OSError):
        accepted.shutdown(socket.SHUT_RDWR)


async def bound(host: str, port: int, backlog: int, *, is_shared: bool) -> list[socket.socket]:
    """Listen on every address of a host; OSError when one cannot be used. `is_shared`: with other processes."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listening = socket.socket(family, kind, protocol)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if is_shared:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.settimeout(0)
            listening.bind(address)
            listening.listen(backlog)
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets
