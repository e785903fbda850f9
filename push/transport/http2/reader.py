"""Reads what a provider sends on one connection: bytes flow in, whole replies flow out.

Bounded: frames of `FRAME_BYTES`, headers of `BLOCK_BYTES`, bodies of `ANSWER_BYTES`; one open answer a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from push.transport.http2 import frames as wire
from push.transport.http2.frames import FRAME, NUMBER, STREAM_LAST, ProtocolError
from push.transport.http2.headers import INDEXED_OK
from push.transport.http2.reply import OK, PLAIN_OK, Reply

if TYPE_CHECKING:
    from collections.abc import Container

    from push.transport.http2.headers import HeaderBlocks

ANSWER_BYTES: Final = 16 * 1024
BLOCK_BYTES: Final = 64 * 1024
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
    """An answer that has begun."""

    def __init__(self, status: int, retry_after_s: float | None) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = bytearray()

    def reply(self) -> Reply:
        return Reply(self.status, bytes(self.body), self.retry_after_s)


class Reader:
    """Reads one connection's frames; `open_streams` are those whose answers are wanted."""

    def __init__(self, handler: FrameHandler, blocks: HeaderBlocks, open_streams: Container[int]) -> None:
        self._handler = handler
        self._blocks = blocks
        self._open = open_streams
        self._buffer = b""
        self._block: tuple[int, int, bytearray] | None = None
        self._answers: dict[int, _Answer] = {}
        self._taken = 0

    def feed(self, data: bytes) -> None:
        """Read what has come in; ProtocolError: it is not what HTTP/2 allows."""
        if self._buffer:
            data = self._buffer + data
        at, end, wanted, begun = 0, len(data), self._open, self._answers
        between = self._block is None
        while end - at >= FRAME.size:
            head, flags, stream = FRAME.unpack_from(data, at)
            start, after = at + FRAME.size, at + FRAME.size + (head >> 8)
            if head >> 8 > wire.FRAME_BYTES:
                raise ProtocolError("no HTTP/2 frame")
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
        self._buffer = data[at:]
        if self._taken > wire.RECEIVE_BYTES // 2:
            self._handler.say(wire.window_update(self._taken))
            self._taken = 0

    def forget(self, stream: int) -> bool:
        """Want no answer on this stream any more; return whether one had begun."""
        return self._answers.pop(stream, None) is not None

    def _take_answered(self, data: bytes, at: int, stream: int) -> int:
        """Take a 200 whose body is one frame that has come in too; return where the next frame begins."""
        if len(data) - at >= FRAME.size:
            head, flags, same = FRAME.unpack_from(data, at)
            start = at + FRAME.size
            after: int = start + (head >> 8)
            whole = head & 0xFF == wire.DATA and flags == wire.END_STREAM and same == stream
            if whole and after <= len(data) and head >> 8 <= ANSWER_BYTES:
                self._taken += head >> 8
                self._handler.on_reply(stream, Reply(OK, data[start:after]))
                return after
        self._answers[stream] = _Answer(OK, None)
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
        elif stream == 0:
            self._apply(kind, flags, payload)

    def _apply(self, kind: int, flags: int, payload: bytes) -> None:
        """Take what concerns the whole connection."""
        if kind == wire.SETTINGS and not flags & wire.ACK:
            for name, value in wire.settings(payload):
                self._handler.on_setting(name, value)
            self._handler.say(wire.frame(wire.SETTINGS, wire.ACK, 0))
            self._handler.on_settings()
        elif kind == wire.PING and not flags & wire.ACK:
            if len(payload) != wire.PING_BYTES:
                raise ProtocolError("a ping of a wrong length")
            self._handler.say(wire.frame(wire.PING, wire.ACK, 0, payload))
        elif kind == wire.GOAWAY:
            if len(payload) < wire.GOAWAY_BYTES:
                raise ProtocolError("a farewell of a wrong length")
            self._handler.on_goaway(NUMBER.unpack_from(payload)[0] & STREAM_LAST)
        elif kind == wire.WINDOW_UPDATE:
            self._handler.on_window(wire.increment(payload))

    def _on_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._taken += len(payload)
        if stream not in self._open:
            return
        answer = self._answers.get(stream)
        if answer is None:
            if flags & wire.END_STREAM:
                self._end(stream, NO_STATUS)
            return
        answer.body += wire.unpadded(flags & wire.PADDED, payload)
        if len(answer.body) > ANSWER_BYTES:
            self._handler.say(wire.reset(stream))
            self._end(stream, TOO_LONG)
        elif flags & wire.END_STREAM:
            self._end(stream, answer.reply())

    def _on_headers(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == wire.HEADERS:
            block, ends = bytearray(wire.unpadded(flags, payload)), flags & wire.END_STREAM
        elif self._block is not None and self._block[0] == stream:
            _, ends, block = self._block
            block += payload
        else:
            raise ProtocolError("a continuation of nothing")
        if len(block) > BLOCK_BYTES:
            raise ProtocolError("headers longer than are read")
        self._block = None if flags & wire.END_HEADERS else (stream, ends, block)
        if self._block is not None or stream not in self._open:
            return
        answer = self._answers.get(stream)
        if answer is None:
            status, retry_after_s = self._blocks.status_of(bytes(block))
            if status < OK:  # An interim status: the answer is still to come.
                if ends:
                    self._end(stream, NO_STATUS)
                return
            answer = self._answers[stream] = _Answer(status, retry_after_s)
        if ends:
            self._end(stream, answer.reply())

    def _on_reset(self, stream: int, code: int) -> None:
        # A peer that has begun to answer has processed the call, whatever it says now.
        begun = self.forget(stream)
        if code == wire.REFUSED_STREAM and not begun:
            self._handler.on_refused(stream)
        else:
            self._handler.on_reply(stream, RESET)

    def _end(self, stream: int, reply: Reply) -> None:
        self.forget(stream)
        self._handler.on_reply(stream, reply)
