"""Each call has one result whatever its answer looks like, and is repeated only if it certainly was not processed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from h2.settings import SettingCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    WindowUpdateFrame,
)

from push.transport.http2.headers import Head
from push.transport.token_results import ACCEPTED, CallResult
from tests.support.http2.peer import HEAD, Peer, Provider, calls, judge, reasons, run
from tests.support.providers.clearances import CLEAR

if TYPE_CHECKING:
    from push.transport.http2 import Reply
    from push.transport.http2_lane import Http2Lane

OK, NOT_FOUND, EARLY = b"\x88", b"\x8d", b"\x08\x03103"
REFUSED_STREAM = 7
RESET = "0 the stream was reset"
LOST = "0 the connection was lost"


def _answering(*frames: Frame) -> Provider:
    """Return a provider that gives this answer once, to the first call, and an ordinary one to all others."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if stream == 1 and provider.peers[0] is peer:
            peer.open.pop(stream)
            peer.flush(*frames)
        else:
            peer.answer(stream)

    provider = Provider(asked)
    return provider


def _headers(block: bytes, *flags: str) -> HeadersFrame:
    return HeadersFrame(1, data=block, flags=[*flags])


def _data(body: bytes, *flags: str, padding: int = 0) -> DataFrame:
    return DataFrame(1, data=body, flags=[*flags, *["PADDED"] * bool(padding)], pad_length=padding)


WHOLE = ("END_HEADERS", "END_STREAM")
ANSWERS = {
    "no body": ([_headers(OK, *WHOLE)], "200 "),
    "one frame": ([_headers(OK, "END_HEADERS"), _data(b"{}", "END_STREAM")], "200 {}"),
    "padded": ([_headers(NOT_FOUND, "END_HEADERS"), _data(b"{}", "END_STREAM", padding=200)], "404 {}"),
    "many frames": ([_headers(OK, "END_HEADERS"), *[_data(b"x")] * 3, _data(b"", "END_STREAM")], "200 xxx"),
    "trailers": ([_headers(OK, "END_HEADERS"), _data(b"{}"), _headers(b"\x00\x01a\x01b", *WHOLE)], "200 {}"),
    "interim": ([_headers(EARLY, "END_HEADERS"), _headers(NOT_FOUND, *WHOLE)], "404 "),
    "continued": ([_headers(b"", "END_STREAM"), ContinuationFrame(1, data=NOT_FOUND, flags=["END_HEADERS"])], "404 "),
    "only interim": ([_headers(EARLY, *WHOLE)], "0 an answer without a status"),
    "only a body": ([_data(b"{}", "END_STREAM")], "0 an answer without a status"),
    "too long": ([_headers(OK, "END_HEADERS"), *[_data(b"x" * 9000)] * 2], "0 an answer longer than is read"),
    "refused after it has begun": (
        [_headers(OK, "END_HEADERS"), RstStreamFrame(1, error_code=REFUSED_STREAM)],
        RESET,
    ),
    "beyond the last stream after it has begun": ([_headers(NOT_FOUND, "END_HEADERS"), GoAwayFrame(0)], RESET),
    "unknown streams": ([HeadersFrame(7, data=OK, flags=[*WHOLE]), RstStreamFrame(9), _headers(OK, *WHOLE)], "200 "),
    "twice": ([_headers(OK, *WHOLE), _headers(NOT_FOUND, *WHOLE)], "200 "),
    "a zoneless date": ([_headers(b"\x8d\x0f\x26\x18Wed, 21 Oct 2015 07:28:0", *WHOLE)], "404 "),
    "a body that is no text": ([_headers(NOT_FOUND, "END_HEADERS"), _data(b"\xff", "END_STREAM")], "garbage"),
}


@pytest.mark.parametrize(("frames", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_any_form_is_one_result(frames: list[Frame], reason: str) -> None:
    """The call gets its own answer at once, and a call after it is answered as well."""
    provider = _answering(*frames)

    async def main(client: Http2Lane) -> list[str | None]:
        return [*await reasons(client, 1), *await reasons(client, 1)]

    expected = "HTTP 404, an answer that cannot be read" if reason == "garbage" else reason
    assert run(provider, main, timeout_s=1e9) == [expected, "200 "]


BROKEN = {
    "HTTP/1.1": ExtensionFrame(type=0x54, stream_id=1, flag_byte=0x50, body=b"x" * 16_385),
    "a push": PushPromiseFrame(1, promised_stream_id=2, data=OK, flags=["END_HEADERS"]),
    "a window that overflows": WindowUpdateFrame(0, window_increment=(1 << 31) - 1),
    "interrupted headers": HeadersFrame(1, data=OK),
    "a continuation of nothing": ContinuationFrame(1, data=OK, flags=["END_HEADERS"]),
    "an endless block": HeadersFrame(1, data=b"x" * 16_000),
    "no header block": HeadersFrame(1, data=b"\xff\xff\xff", flags=[*WHOLE]),
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
def test_a_protocol_violation_ends_the_connection_and_the_call(frame: Frame) -> None:
    """The call may have been processed, so it is not repeated; the next one uses a new connection."""
    provider = _answering(frame, *[PingFrame(0)] * 5)

    async def main(client: Http2Lane) -> list[str | None]:
        return [*await reasons(client, 1), *await reasons(client, 1)]

    assert run(provider, main) == [LOST, "200 "]
    assert len(provider.peers) == 2


@pytest.mark.parametrize("code", [*range(14), 999])
def test_only_a_refused_stream_is_repeated(code: int) -> None:
    """After any other code the call may have been processed."""
    provider = _answering(RstStreamFrame(1, error_code=code))
    assert run(provider, lambda client: reasons(client, 1)) == ["200 " if code == REFUSED_STREAM else RESET]


def test_a_provider_that_always_refuses_ends_the_call() -> None:
    """After nine refusals in all."""
    asked = []

    def refuse(peer: Peer, stream: int, body: bytes) -> None:
        asked.append(stream)
        peer.reset(stream, REFUSED_STREAM)

    assert run(Provider(refuse), lambda client: reasons(client, 1)) == ["0 refused again and again"]
    assert len(asked) == 9


def test_a_misdirected_call_goes_over_another_connection() -> None:
    """421 means that the connection does not serve our host."""
    provider = Provider(lambda peer, stream, _: peer.answer(stream, 421 if peer is provider.peers[0] else 200))
    assert run(provider, lambda client: reasons(client, 3)) == ["200 "] * 3


def test_a_second_goaway_releases_the_calls_that_it_excludes() -> None:
    """The first excludes nothing; the second excludes all but the first call, which alone is answered there."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if peer is not provider.peers[0]:
            peer.answer(stream)
        elif stream == 5:
            peer.go_away((1 << 31) - 1)
            peer.go_away(1)
            peer.answer(1, 404)

    provider = Provider(asked)
    assert run(provider, lambda client: reasons(client, 3)) == ["404 ", "200 ", "200 "]


def test_after_an_answer_about_our_account_no_call_is_repeated() -> None:
    """Once that answer has stopped the batch, a refused stream is not repeated: its sender gets no result."""
    asked = []

    def answer(peer: Peer, stream: int, body: bytes) -> None:
        asked.append(stream)
        if stream == 5:
            peer.answer(1, 429)
            peer.reset(3, REFUSED_STREAM)
            peer.answer(5)

    def result(reply: Reply) -> CallResult:
        return (
            ACCEPTED
            if reply.status == 200
            else CallResult(judge(reply).recipient_status, judge(reply).request_status, "stop", expired=True)
        )

    async def main(client: Http2Lane) -> list[CallResult | None]:
        return await client.send_all(HEAD, calls(3), result, CLEAR)

    found = run(Provider(answer), main)
    assert [result and result.reason for result in found] == ["stop", None, "accepted"]
    assert asked == [1, 3, 5]


def test_a_late_answer_is_ignored_and_leaves_nothing_behind() -> None:
    """The call ends in time and its stream is reset; the connection goes on, with the same memory."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if stream > 1:
            peer.answer(stream)
            peer.flush(_headers(b"\x20\x88", "END_HEADERS"), _data(b"late"))
            peer.flush(_headers(OK, "END_HEADERS"))
        else:
            asyncio.get_running_loop().call_later(10, peer.flush, PingFrame(0))

    async def main(client: Http2Lane) -> list[str | None]:
        found = [*await reasons(client, 1), *await reasons(client, 1)]
        (connection,) = client.client._connections  # noqa: SLF001 - what is kept is not to be seen from outside
        assert not connection._reader._answers  # noqa: SLF001
        return found

    provider = Provider(asked)
    assert run(provider, main) == ["0 no answer in time", "200 "]
    assert (len(provider.peers), provider.peers[0].resets) == (1, 1)


def test_a_provider_that_sends_endless_pings_and_reads_nothing_is_dropped() -> None:
    """Replies to its pings are kept up to a limit."""

    def connected(peer: Peer) -> None:
        peer.pipe.held = True
        for turn in range(1, 100):
            asyncio.get_running_loop().call_later(turn / 10, peer.pipe.send, PingFrame(0).serialize() * 1000)

    window = {int(SettingCodes.INITIAL_WINDOW_SIZE): 65_535}
    provider = Provider(lambda *_: None, window)
    provider.connected = connected
    provider.written_max = 1 << 14
    found = run(provider, lambda client: reasons(client, 8, 8000), timeout_s=1e9)
    assert found == [LOST] * 8


def test_a_head_too_long_for_a_frame_ends_the_calls() -> None:
    """It is not sent, because the provider would end the connection."""
    head = Head((("authorization", "x" * 9000),))

    async def main(client: Http2Lane) -> list[str | None]:
        return [*await reasons(client, 2, head=head), *await reasons(client, 1)]

    provider = Provider(lambda peer, stream, _: peer.answer(stream))
    assert run(provider, main) == [*["0 a message larger than the provider takes"] * 2, "200 "]
