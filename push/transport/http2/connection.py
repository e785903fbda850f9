"""One HTTP/2 connection: calls flow out to the provider as frames, replies flow back into their groups.

A call is sent whole or not at all. What the peer surely has not processed (beyond its GOAWAY, or a refused stream) goes
back to be sent elsewhere; what it may have processed ends without an answer. Bounded: the peer's streams and window,
`streams_max`, `timeout_s` a call, and what `push.transport.http2.reader` bounds.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final, Protocol, cast

import structlog

from push.transport.http2 import frames as wire
from push.transport.http2.bounds.budget import Budget, FloodError
from push.transport.http2.bounds.slices import Slices
from push.transport.http2.reader import RESET, Reader
from push.transport.http2.reply import Reply
from push.transport.http2.watch import Watch

if TYPE_CHECKING:
    from push.transport.http2.group import Group
    from push.transport.http2.headers import HeaderBlocks

STREAM_ROOM: Final = 100_000
"""A connection retires so many stream numbers before the last one (RFC 9113, 5.1.1)."""

UNREAD_BYTES: Final = 1 << 20
"""Replies kept for a peer that asks on and on (pings, say) and does not read."""

MISDIRECTED: Final = 421
LATE: Final = Reply(0, error="no answer in time")
_log = structlog.get_logger("push.http2")


class Owner(Protocol):
    """Who opens connections and hears of what happens on them."""

    def has_room(self, connection: Connection) -> None:
        """Hear that streams have become free, or that the connection is lost."""

    def given_back(self, group: Group, row: int) -> None:
        """Take a call that is to be sent elsewhere."""

    def died(self, error: Exception) -> None:
        """Hear of a bug."""


class Connection(asyncio.Protocol):
    """A connection; of use once the peer has sent its settings, until it sends GOAWAY or is lost (`going`).

    `ready` ends as None then, or says why not.
    """

    def __init__(self, owner: Owner, blocks: HeaderBlocks, streams_max: int, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._owner = owner
        self._blocks = blocks
        self._streams_max = self._peer_streams = streams_max
        self._time = loop.time
        self.watch = Watch(timeout_s, loop.time())
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._open: dict[int, tuple[Group, int]] = {}
        self._budget = Budget(streams_max, loop.time)
        self._reader = Reader(self, blocks, self._open, self._budget)
        self._slices = Slices(self._read, self._caught_up)
        self._refused = False
        self._reason = ""
        self._stream = 1
        self._window = self._widest = self._stream_window = wire.WINDOW_BYTES
        self._in_window = streams_max
        self._unread_bytes = 0
        self._full = self.going = self.flooded = False
        self.ready: asyncio.Future[str | None] = loop.create_future()

    @property
    def streams(self) -> int:
        """How many calls at once the settings, the peer's streams and its window allow."""
        return max(1, min(self._streams_max, self._peer_streams, self._in_window))

    @property
    def active(self) -> int:
        """How many calls are under way."""
        return len(self._open)

    @property
    def room(self) -> int:
        """How many calls may be begun now."""
        if self.going or self._full or self._transport is None or not self.ready.done():
            return 0
        return max(0, min(self._streams_max, self._peer_streams) - len(self._open))

    @property
    def lost(self) -> bool:
        """Tell whether it is closed."""
        return self._transport is None

    def begin(self, group: Group, count: int) -> int:
        """Send up to `count` of a group's calls and return how many; `room` was asked for before."""
        longest = min(self._stream_window, wire.FRAME_BYTES)
        if group.body_bytes_max > longest or group.head_bytes_max > wire.HEAD_BYTES:
            group.fail("a message larger than the provider takes")
            return 0
        # A peer opens its window again when half of it is used up.
        self._in_window = self._widest // (2 * group.body_bytes_max)
        count = min(count, self._window // group.body_bytes_max)
        if count <= 0:
            return 0  # A header block that is made is sent, or the peer's table would not be ours any more.
        before, after, lasts = self._blocks.of(group.head)
        first, calls = self._stream, []
        for row in group.begin(count if lasts else 1):
            calls.append(group.calls[row])
            self._open[self._stream] = group, row
            self._stream += 2
        self._window -= sum(len(body) for _, body in calls)
        self._out.append(wire.requests(before, after, first, calls))
        self.watch.begin(first, self._stream, self._time())
        self._budget.begin(len(calls))
        if self._stream > wire.STREAM_LAST - STREAM_ROOM:
            self.going = True
        return len(calls)

    def flush(self) -> None:
        """Write calls that were begun, and replies to the peer."""
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()
        if self.going and not self._open:
            self.close()

    def close(self) -> None:
        """Write what is left to be written, and close; what is under way ends without an answer."""
        self.going = True
        if self._transport is not None:
            self._transport.abort() if self._open else self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self.going = True
        if self._transport is not None:
            self._transport.abort()

    def look(self, as_of_s: float) -> None:
        """End calls that took too long at `as_of_s`; drop a peer that was silent, having asked it whether it lives."""
        if self.watch.dead(as_of_s):
            self.abort()
            return
        for begun_s, end in self.watch.due(as_of_s, next(iter(self._open), self._stream)):
            if self.watch.heard_s < begun_s:
                self.abort()
                return
            for stream in [*itertools.takewhile(end.__gt__, self._open)]:
                self.say(wire.reset(stream))
                self._reader.forget(stream)
                self.on_reply(stream, LATE)
        if self.watch.asks(as_of_s, self._time()):
            self.say(wire.frame(wire.PING, 0, 0, b"qq-alert"))
        self.flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say the preface."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(wire.greeting())

    def pause_writing(self) -> None:
        """Begin no more calls: the peer does not read them."""
        self._full = True

    def resume_writing(self) -> None:
        """Begin calls again."""
        self._full = False
        self._unread_bytes = 0
        try:
            self._owner.has_room(self)
        except Exception as error:  # noqa: BLE001 - a bug: raised in everybody who waits, who then end the process
            self._owner.died(error)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Read frames, and use the room that they make."""
        self.watch.heard_s = self._time()
        self._slices.take(data, self._transport)

    def _read(self, data: bytes) -> bool:
        """Read a slice; tell whether there is more."""
        more = False
        try:
            more = not self._refused and self._reader.feed(data)
            self._owner.has_room(self)
        except wire.ProtocolError as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001 - as above
            self._owner.died(error)
        self.flush()
        return more

    def _caught_up(self) -> None:
        if self._transport is None:
            self._end_calls()

    def _refuse(self, error: wire.ProtocolError) -> None:
        """Tell the peer why the connection ends, and drop it; nothing more is read of it."""
        self._refused = self.going = True
        self.flooded = isinstance(error, FloodError)
        if self.flooded:
            _log.warning("connection.flooded", reason=str(error))
        if self._transport is not None:
            self._transport.write(b"".join([*self._out, wire.goaway(error.code)]))
            self._out.clear()
            # An event loop may write only at the end of its turn.
            asyncio.get_running_loop().call_soon(self.abort)

    def eof_received(self) -> None:
        """Begin nothing more: the peer has sent all that it will send, and so the connection is closed."""
        self.going = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was under way ends without an answer, once all that came has been read."""
        self._transport = None
        self.going = True
        self._reason = "the connection was lost" + ("" if exc is None else f" ({type(exc).__name__})")
        if not self.ready.done():
            self.ready.set_result(self._reason)
        if not self._slices.behind:
            self._end_calls()

    def _end_calls(self) -> None:
        try:
            self._owner.has_room(self)
            for stream in [*self._open]:
                self.on_reply(stream, Reply(0, error=self._reason, flooded=self.flooded))
        except Exception as error:  # noqa: BLE001 - as above
            self._owner.died(error)

    def on_reply(self, stream: int, reply: Reply) -> None:
        """Hand a reply to its group."""
        begun = self._open.pop(stream, None)
        if begun is None:
            return
        if reply.status and reply.status != MISDIRECTED:
            watch = self.watch
            watch.answered_s = watch.heard_s
            if watch.probe <= stream:
                watch.measure()
        if reply.status == MISDIRECTED:
            # This connection is not for our host: the call goes to another one (RFC 9110, 15.5.20).
            self.going = True
            self._owner.given_back(*begun)
            return
        begun[0].reply(begun[1], reply)

    def on_refused(self, stream: int) -> None:
        """Give a call back."""
        begun = self._open.pop(stream, None)
        if begun is not None:
            self._owner.given_back(*begun)

    def on_setting(self, name: int, value: int) -> None:
        """Apply a setting that limits us."""
        if name == wire.HEADER_TABLE_SIZE:
            self._blocks.resize(value)
        elif name == wire.MAX_CONCURRENT_STREAMS:
            self._peer_streams = value
        elif name == wire.INITIAL_WINDOW_SIZE:
            self._stream_window = value

    def on_settings(self) -> None:
        """Be ready with the first ones."""
        if not self.ready.done():
            self.ready.set_result(None)

    def on_goaway(self, last: int) -> None:
        """Give back what the peer will not process."""
        self.going = True
        for stream in [one for one in self._open if one > last]:
            if self._reader.forget(stream):
                self.on_reply(stream, RESET)
            else:
                self.on_refused(stream)

    def on_window(self, more_bytes: int) -> None:
        """Send so much more."""
        self._window += more_bytes
        self._widest = max(self._widest, self._window)
        if self._window > wire.STREAM_LAST:
            raise wire.ProtocolError("a window larger than there may be", wire.FLOW_CONTROL_ERROR)

    def say(self, data: bytes) -> None:
        """Send this with what is sent next."""
        self._out.append(data)
        if self._full:
            self._unread_bytes += len(data)
            if self._unread_bytes > UNREAD_BYTES:
                self.abort()
