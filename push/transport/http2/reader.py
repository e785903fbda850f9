"""Reads what a provider sends on one connection: bytes flow in, whole replies flow out.

Bounded: frames of `FRAME_BYTES`, headers of `HEADER_BYTES` and bodies of `ANSWER_BYTES` a call, `SLICE_FRAMES` at a
time, and by the connection's budget whatever is no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from push.transport.http2 import frames as wire
from push.transport.http2.bounds.budget import (
    CONTINUATIONS_MAX,
    DECODED_BYTES,
    FULL_BYTES,
    GOAWAYS_MAX,
    HEADER_BYTES,
    INTERIM_MAX,
    SETTINGS_MAX,
    Budget,
    Cost,
    FloodError,
)
from push.transport.http2.frames import FRAME, NUMBER, STREAM_LAST, ProtocolError
from push.transport.http2.headers import INDEXED_OK
from push.transport.http2.reply import OK, PLAIN_OK, Reply

if TYPE_CHECKING:
    from collections.abc import Container

    from push.transport.http2.headers import HeaderBlocks

ANSWER_BYTES: Final = 16 * 1024
SLICE_FRAMES: Final = 1000
"""Read at once: two or three milliseconds, after which the event loop has its turn."""

SLICE_BYTES: Final = 8
"""So many bytes of headers take as long to decode as it takes to read a frame."""

RESET: Final = Reply(0, error="the stream was reset")
TOO_LONG: Final = Reply(0, error="an answer longer than is read")
NO_STATUS: Final = Reply(0, error="an answer without a status")
_WHOLE: Final = wire.END_HEADERS | wire.END_STREAM


class FrameHandler(Protocol):
    """Who acts on what a provider sends."""

    def on_reply(self, stream: int, reply: Reply) -> None:
        """Take a whole answer, or why there is none."""

    def on_refused(self, stream: int) -> None:
        """Take back a call that was not processed."""

    def on_setting(self, name: int, value: int) -> None:
        """Apply one of the provider's settings."""

    def on_settings(self) -> None:
        """Take note that these were all."""

    def on_goaway(self, last: int) -> None:
        """Begin nothing more; streams beyond the last one were not processed."""

    def on_window(self, more_bytes: int) -> None:
        """Take note that so much more may be sent."""

    def say(self, data: bytes) -> None:
        """Send this with what is sent next."""


class _Answer:
    """An answer that has begun: interim ones and bytes of headers so far, and once it has its status, that and more."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.retry_after_s: float | None = None
        self.interim = 0
        self.header_bytes = 0
        self.body = bytearray()

    def reply(self) -> Reply:
        return Reply(self.status, bytes(self.body), self.retry_after_s)


class Reader:
    """Reads one connection's frames; `open_streams` are those whose answers are wanted."""

    def __init__(
        self,
        handler: FrameHandler,
        blocks: HeaderBlocks,
        open_streams: Container[int],
        budget: Budget | None = None,
    ) -> None:
        self._handler = handler
        self._blocks = blocks
        self._open = open_streams
        self._budget = budget or Budget()
        self._buffer = b""
        self._block: tuple[int, int, bytearray, int] | None = None
        self._answers: dict[int, _Answer] = {}
        self._taken = 0
        self._granted = wire.RECEIVE_BYTES
        self._goaways = 0
        self._work = 0

    def feed(self, data: bytes = b"") -> bool:
        """Read what has come in, a slice of it at most, and tell whether there is more to be read with another call.

        ProtocolError: it is not what HTTP/2 allows; FloodError: it is more than the budget allows.
        """
        if self._buffer:
            data = self._buffer + data
        at, end, wanted, begun = 0, len(data), self._open, self._answers
        between, self._work = self._block is None, 0
        while end - at >= FRAME.size and self._work < SLICE_FRAMES:
            self._work += 1
            head, flags, stream = FRAME.unpack_from(data, at)
            start, after = at + FRAME.size, at + FRAME.size + (head >> 8)
            if head >> 8 > wire.FRAME_BYTES:
                raise ProtocolError("no HTTP/2 frame", wire.FRAME_SIZE_ERROR)
            if after > end:
                break
            at, stream, plain = after, stream & STREAM_LAST, False
            if head & 0xFF == wire.HEADERS and data[start : start + 1] == INDEXED_OK:
                plain = between and stream in wanted and stream not in begun
            if plain and flags == _WHOLE:
                # Nearly all answers: a 200 without a body.
                self._handler.on_reply(stream, PLAIN_OK)
            elif plain and flags == wire.END_HEADERS:
                at = self._take_answered(data, after, stream)
            else:
                self._take(head & 0xFF, flags, stream, data[start:after])
                between = self._block is None
        if not at and data:
            self._budget.spend(Cost.READ)
        self._buffer = data[at:]
        if self._taken > wire.RECEIVE_BYTES // 2:
            self._handler.say(wire.window_update(self._taken))
            self._granted += self._taken
            self._taken = 0
        return self._work >= SLICE_FRAMES

    def forget(self, stream: int) -> bool:
        """Want no answer on this stream any more; return whether one had begun."""
        answer = self._answers.pop(stream, None)
        return answer is not None and bool(answer.status)

    def _take_answered(self, data: bytes, at: int, stream: int) -> int:
        """Take a 200 whose body is one frame that has come in too; return where the next frame begins."""
        if len(data) - at >= FRAME.size:
            head, flags, same = FRAME.unpack_from(data, at)
            start = at + FRAME.size
            after: int = start + (head >> 8)
            whole = head & 0xFF == wire.DATA and flags == wire.END_STREAM and same == stream
            if whole and after <= len(data) and head >> 8 <= ANSWER_BYTES:
                self._receive(head >> 8)
                self._handler.on_reply(stream, Reply(OK, data[start:after]))
                return after
        self._budget.spend(Cost.FRAME)
        self._answers[stream] = _Answer(OK)
        return at

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if self._block is not None and kind != wire.CONTINUATION:
            raise ProtocolError("headers that are interrupted")
        if kind == wire.DATA:
            self._on_data(flags, stream, payload)
        elif kind in {wire.HEADERS, wire.CONTINUATION}:
            self._on_headers(kind, flags, stream, payload)
        elif kind == wire.RST_STREAM:
            self._on_reset(stream, wire.number(payload))
        elif kind == wire.PUSH_PROMISE:
            raise ProtocolError("a push, which we do not take")
        elif stream == 0 and kind in {wire.SETTINGS, wire.PING, wire.GOAWAY, wire.WINDOW_UPDATE}:
            self._apply(kind, flags, payload)
        else:
            self._budget.spend(Cost.FRAME + len(payload) // FULL_BYTES)

    def _apply(self, kind: int, flags: int, payload: bytes) -> None:
        """Take what concerns the whole connection."""
        if kind == wire.SETTINGS and not flags & wire.ACK:
            self._on_settings(payload)
        elif kind == wire.PING and not flags & wire.ACK:
            self._budget.spend(Cost.PING)
            if len(payload) != wire.PING_BYTES:
                raise ProtocolError("a ping of a wrong length", wire.FRAME_SIZE_ERROR)
            self._handler.say(wire.frame(wire.PING, wire.ACK, 0, payload))
        elif kind == wire.GOAWAY:
            self._on_goaway(payload)
        else:
            self._budget.spend(Cost.FRAME)
            if kind == wire.WINDOW_UPDATE:
                self._handler.on_window(wire.increment(payload))

    def _on_settings(self, payload: bytes) -> None:
        if len(payload) > SETTINGS_MAX * wire.SETTING.size:
            raise FloodError("more settings than there are")
        found = wire.settings(payload)
        self._budget.spend(Cost.SETTINGS + len(found))
        self._work += len(found)
        for name, value in found:
            self._handler.on_setting(name, value)
        self._handler.say(wire.frame(wire.SETTINGS, wire.ACK, 0))
        self._handler.on_settings()

    def _on_goaway(self, payload: bytes) -> None:
        self._goaways += 1
        if self._goaways > GOAWAYS_MAX:
            raise FloodError("more farewells than one takes")
        if len(payload) < wire.GOAWAY_BYTES:
            raise ProtocolError("a farewell of a wrong length", wire.FRAME_SIZE_ERROR)
        self._handler.on_goaway(NUMBER.unpack_from(payload)[0] & STREAM_LAST)

    def _receive(self, received: int) -> None:
        """Count bytes of bodies against the window that the peer has."""
        self._taken += received
        self._granted -= received
        if self._granted < 0:
            raise ProtocolError("more than the window allows", wire.FLOW_CONTROL_ERROR)

    def _on_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._receive(len(payload))
        answer = self._answers.get(stream) if stream in self._open else None
        if answer is None or not answer.status:
            self._budget.spend(Cost.FRAME + len(payload) // FULL_BYTES if payload else Cost.EMPTY)
            if stream in self._open and flags & wire.END_STREAM:
                self._end(stream, NO_STATUS)
            return
        content = wire.unpadded(flags & wire.PADDED, payload)
        if len(content) < FULL_BYTES and not flags & wire.END_STREAM:
            self._budget.spend(Cost.FRAME if content else Cost.EMPTY)
        answer.body += content
        if len(answer.body) > ANSWER_BYTES:
            self._handler.say(wire.reset(stream))
            self._end(stream, TOO_LONG)
        elif flags & wire.END_STREAM:
            self._end(stream, answer.reply())

    def _on_headers(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == wire.HEADERS:
            block, ends, frames = bytearray(wire.unpadded(flags, payload)), flags & wire.END_STREAM, 0
        elif self._block is not None and self._block[0] == stream:
            _, ends, block, frames = self._block
            block += payload
            frames += 1
        else:
            raise ProtocolError("a continuation of nothing")
        if len(block) > HEADER_BYTES or frames > CONTINUATIONS_MAX:
            raise FloodError("headers longer than are read")
        self._block = None if flags & wire.END_HEADERS else (stream, ends, block, frames)
        if self._block is None and stream in self._open and ends:
            self._budget.spend(len(block) // FULL_BYTES)
        else:
            self._budget.spend(Cost.FRAME + len(payload) // FULL_BYTES)
        if self._block is None and stream in self._open:
            self._on_block(stream, bytes(block), ends=bool(ends))

    def _on_block(self, stream: int, block: bytes, *, ends: bool) -> None:
        """Take the headers of a call that is open: interim ones, the answer's, or trailers, which say nothing."""
        answer = self._answers.setdefault(stream, _Answer())
        answer.header_bytes += len(block)
        if answer.header_bytes > HEADER_BYTES:
            raise FloodError("headers longer than are read")
        if not answer.status:
            self._work += len(block) // SLICE_BYTES
            self._budget.spend(len(block) // DECODED_BYTES)
            status, answer.retry_after_s = self._blocks.status_of(block)
            if status >= OK:
                answer.status = status
            else:  # An interim status: the answer is still to come.
                answer.interim += 1
                if answer.interim > INTERIM_MAX:
                    raise FloodError("interim answers without end")
        if ends:
            self._end(stream, answer.reply() if answer.status else NO_STATUS)

    def _on_reset(self, stream: int, code: int) -> None:
        if stream not in self._open:
            self._budget.spend(Cost.FRAME)
        # A peer that has begun to answer has processed the call, whatever it says now.
        begun = self.forget(stream)
        if code == wire.REFUSED_STREAM and not begun:
            self._handler.on_refused(stream)
        else:
            self._handler.on_reply(stream, RESET)

    def _end(self, stream: int, reply: Reply) -> None:
        self.forget(stream)
        self._handler.on_reply(stream, reply)
