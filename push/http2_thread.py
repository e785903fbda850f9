"""The thread of `push.http2`: groups of calls flow in, libcurl multiplexes them, replies flow back into their groups.

Bounded: calls begun and unanswered by connections x streams; connections follow rate x round trip up to
`connections_max`, or what waits when no rate is set; handles are used again.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ANSWER_BYTES: Final = 16 * 1024
IDLE_S: Final = 1.0
ADAPT_S: Final = 0.25
HEADROOM: Final = 1.5
"""More connections than the average round trip asks for, because round trips differ."""

SAMPLE_EVERY: Final = 16
SMOOTHING: Final = 0.1
MISDIRECTED: Final = 421
REPLAYS_MAX: Final = 2
STOP_S: Final = 2.0
MILLISECONDS: Final = 1000


class Call(msgspec.Struct, frozen=True, gc=False):
    """One POST: `headers` ("name: value") is one tuple for thousands of calls, which the transport recognizes."""

    url: str
    headers: tuple[str, ...]
    body: bytes


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What came back. Status 0: no answer, and `error` says why without a word of the request."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    error: str = ""


class Http2Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane reaches its provider; `ca_file` only for a provider of one's own."""

    streams_per_connection: int = 100
    connections_max: int = 32
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    ca_file: str | None = None


@dataclass(slots=True, eq=False)
class Group:
    """Calls that are answered together, and what has come back so far."""

    calls: Sequence[Call]
    stops: Callable[[Reply], bool]
    done: Callable[[], None]
    replies: list[Reply | None] = field(default_factory=list)
    started: int = 0
    answered: int = 0
    ended: bool = False


ACCEPTED: Final = Reply(200)
OK: Final = 200


class _Handle:
    """One of libcurl's handles, used again and again, with the call that it carries."""

    def __init__(self, curl: pycurl.Curl) -> None:
        self.curl = curl
        self.chunks: list[bytes] = []
        self.size = 0
        self.fresh = False
        self.url = ""
        self.headers: tuple[str, ...] = ()
        self.group: Group | None = None
        self.row = 0
        self.replays = 0

    def take(self, chunk: bytes) -> None:
        """Keep a part of the answer, to a bound."""
        self.size += len(chunk)
        if self.size <= ANSWER_BYTES:
            self.chunks.append(chunk)

    def connect_anew(self, *, fresh: bool) -> None:
        """Ask for a connection of its own, or not any more."""
        if fresh is not self.fresh:
            self.fresh = fresh
            self.curl.setopt(pycurl.FRESH_CONNECT, int(fresh))

    def clear(self) -> None:
        """Forget the answer."""
        self.chunks.clear()
        self.size = 0


class Http2Thread:
    """Runs libcurl's multi interface on an epoll of its own."""

    def __init__(self, settings: Http2Settings) -> None:
        self._settings = settings
        self.rate_per_s: float | None = None
        self.round_trip_s = 0.0
        self.connections = 1
        self.on_death: Callable[[BaseException], None] = lambda _: None
        self._groups: deque[Group] = deque()
        self._free: list[_Handle] = []
        self._handles: dict[pycurl.Curl, _Handle] = {}
        self._active = 0
        self._finished = 0
        self._adapt_at_s = 0.0
        self._timer_at_s: float | None = None
        self._closing = False
        self._dead: BaseException | None = None
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._wake, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, settings.streams_per_connection)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        self._multi.setopt(pycurl.M_MAXCONNECTS, settings.connections_max)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._thread = threading.Thread(target=self._run, name="http2", daemon=True)
        self._thread.start()

    def take(self, group: Group) -> None:
        """Add a group, from any thread."""
        if self._dead is not None:
            raise RuntimeError(f"the HTTP/2 thread died of {type(self._dead).__name__}")
        self._groups.append(group)
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """End the thread; blocks for `STOP_S` at most."""
        if self._closing:
            return
        self._closing = True
        os.eventfd_write(self._wake, 1)
        self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
        except BaseException as error:  # noqa: BLE001 - said to everybody who waits, who then end the process
            self._dead = error
            self.on_death(error)
        finally:
            self._release()

    def _turn(self) -> None:
        for fd, events in self._epoll.poll(self._wait_s()):
            if fd == self._wake:
                os.eventfd_read(self._wake)
                continue
            mask = pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0
            self._multi.socket_action(fd, mask | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0))
        if self._timer_at_s is not None and self._timer_at_s <= time.monotonic():
            self._timer_at_s = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()
        self._begin()

    def _wait_s(self) -> float:
        if self._timer_at_s is None:
            return IDLE_S
        return min(IDLE_S, max(0.0, self._timer_at_s - time.monotonic()))

    def _on_socket(self, event: int, fd: int, *_: object) -> None:
        if event == pycurl.POLL_REMOVE:
            try:
                self._epoll.unregister(fd)
            except (FileNotFoundError, OSError):
                return
            return
        mask = (select.EPOLLIN if event & pycurl.POLL_IN else 0) | (select.EPOLLOUT if event & pycurl.POLL_OUT else 0)
        try:
            self._epoll.register(fd, mask)
        except FileExistsError:
            self._epoll.modify(fd, mask)

    def _on_timer(self, timeout_ms: int) -> None:
        self._timer_at_s = None if timeout_ms < 0 else time.monotonic() + timeout_ms / MILLISECONDS

    def _begin(self) -> None:
        """Begin calls while there is room, in the order of their groups."""
        self._adapt()
        room = self.connections * self._settings.streams_per_connection - self._active
        while room > 0 and self._groups:
            group = self._groups[0]
            if group.ended or group.started == len(group.calls):
                self._groups.popleft()
                continue
            handle = self._free.pop() if self._free else self._new_handle()
            handle.group, handle.row, handle.replays = group, group.started, 0
            group.started += 1
            self._start(handle)
            room -= 1

    def _start(self, handle: _Handle) -> None:
        if handle.group is None:
            return
        call = handle.group.calls[handle.row]
        if call.url != handle.url:
            handle.url = call.url
            handle.curl.setopt(pycurl.URL, call.url)
        if call.headers is not handle.headers:
            handle.headers = call.headers
            handle.curl.setopt(pycurl.HTTPHEADER, call.headers)
        handle.curl.setopt(pycurl.POSTFIELDS, call.body)
        self._multi.add_handle(handle.curl)
        self._active += 1

    def _adapt(self) -> None:
        now_s = time.monotonic()
        if now_s < self._adapt_at_s:
            return
        self._adapt_at_s = now_s + ADAPT_S
        if self.rate_per_s is None:
            waiting = sum(len(group.calls) - group.started for group in list(self._groups))
            streams = float(self._active + waiting)
        else:
            streams = self.rate_per_s * self.round_trip_s * HEADROOM
        wanted = ceil(streams / self._settings.streams_per_connection)
        # Never fewer than before while calls are under way: their connections are open.
        floor = self.connections if self._active and self.rate_per_s is None else 1
        connections = max(floor, min(self._settings.connections_max, wanted))
        if connections != self.connections:
            self.connections = connections
            self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections)

    def _collect(self) -> None:
        """Take what has ended out of libcurl and into its group."""
        while True:
            queued, good, failed = self._multi.info_read()
            for curl in good:
                self._end(self._handles[curl], curl.getinfo(pycurl.RESPONSE_CODE), "")
            for curl, code, _ in failed:
                self._end(self._handles[curl], 0, f"curl {code}")
            if not queued:
                return

    def _end(self, handle: _Handle, status: int, error: str) -> None:
        self._multi.remove_handle(handle.curl)
        self._active -= 1
        if status == MISDIRECTED and handle.replays < REPLAYS_MAX:
            handle.replays += 1
            handle.clear()
            handle.connect_anew(fresh=True)
            self._start(handle)
            return
        self._finished += 1
        if status and self._finished % SAMPLE_EVERY == 1:
            took_s = handle.curl.getinfo(pycurl.TOTAL_TIME)
            self.round_trip_s += (took_s - self.round_trip_s) * (SMOOTHING if self.round_trip_s else 1.0)
        reply = self._reply(handle, status, error)
        group, handle.group = handle.group, None
        handle.clear()
        handle.connect_anew(fresh=False)
        self._free.append(handle)
        if group is not None:
            self._note(group, handle.row, reply)

    def _reply(self, handle: _Handle, status: int, error: str) -> Reply:
        if status == OK and not handle.chunks:
            return ACCEPTED
        wait_s = handle.curl.getinfo(pycurl.RETRY_AFTER) if status else 0
        return Reply(status, b"".join(handle.chunks), float(wait_s) or None, error)

    def _note(self, group: Group, row: int, reply: Reply) -> None:
        group.replies[row] = reply
        group.answered += 1
        if reply is not ACCEPTED and group.started < len(group.calls) and group.stops(reply):
            group.answered += len(group.calls) - group.started
            group.started = len(group.calls)
        if group.answered == len(group.calls):
            group.done()

    def _new_handle(self) -> _Handle:
        settings, curl = self._settings, pycurl.Curl()
        handle = _Handle(curl)
        options: dict[int, Any] = {
            pycurl.POST: 1,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
            pycurl.PIPEWAIT: 1,
            pycurl.NOSIGNAL: 1,
            pycurl.TCP_NODELAY: 1,
            pycurl.FOLLOWLOCATION: 0,
            pycurl.TIMEOUT_MS: int(settings.timeout_s * MILLISECONDS),
            pycurl.CONNECTTIMEOUT_MS: int(settings.connect_timeout_s * MILLISECONDS),
            pycurl.WRITEFUNCTION: handle.take,
        }
        for option, value in options.items():
            curl.setopt(option, value)
        if settings.ca_file is not None:
            curl.setopt(pycurl.CAINFO, settings.ca_file)
        self._handles[curl] = handle
        return handle

    def _release(self) -> None:
        for curl, handle in self._handles.items():
            if handle.group is not None:
                self._multi.remove_handle(curl)
            curl.close()
        self._multi.close()
        self._epoll.close()
        os.close(self._wake)
