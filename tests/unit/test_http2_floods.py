"""A provider that floods a connection over HTTP/2 costs little, and ends nothing but its own calls."""

from __future__ import annotations

import asyncio
import time

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from push.results import RequestStatus
from push.transport.http2 import Head, Http2Client, Http2Settings
from push.transport.http2 import frames as wire
from push.transport.http2.bounds.budget import FRAMES_A_CALL, FRAMES_LEAST, INTERIM_MAX
from push.transport.http2.bounds.dials import REST_S
from push.transport.http2.headers import HeaderBlocks
from push.transport.http2.reader import SLICE_FRAMES, Reader
from push.transport.http2_lane import Http2Lane
from push.transport.token_results import ACCEPTED, CallResult, result_of_calls, unsettled
from tests.support.hostile.http2 import EARLY, FLOODS, OK
from tests.support.hostile.provider import HostileProvider, Ignoring, Turns, slice_s
from tests.support.http2.peer import HEAD, Peer, Provider, calls, judge, reasons, run
from tests.support.providers.clearances import CLEAR

STREAMS = 1000
TURN_MAX, TOTAL_MAX = 30, 600
"""Times the CPU that a slice of the cheapest frames takes: one turn of the event loop, and a flood as a whole.

The dearest flood costs 230 of them, and beside other processes, which slow it more than what stays in the cache, half
as much again. Before there were bounds the worst one held the loop for some thousand times as long.
"""

TRIES = 5
"""What else a machine does makes a turn cost more now and then, and none cost less: the least of some is its cost."""

LONG_S = 120.0
"""For a call, and for a connection: far longer than the other thread needs on a busy machine."""

BUFFERED_BYTES = 16 << 20
"""What sockets and one read may hold beyond what is handled."""

LOST = "0 the connection was lost"
CODES = {
    "headers that expand": 9,
    "a table that grows": 9,
    "numbers without end": 9,
    "pushes": 1,
    "garbage": 6,
}
CALM = 11


def _reader() -> Reader:
    return Reader(Ignoring(), HeaderBlocks("http", "provider.example"), {1, 3, 5})


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_ends_its_connection_soon_and_never_holds_the_event_loop(flood: str) -> None:
    """Few turns of the loop, each of a bounded slice; every call ends without an answer, and the peer hears why."""
    costs = []
    for _ in range(TRIES):
        # What else the machine does makes both dearer, so each flood has its slices beside it.
        before_s, (longest_s, took_s), after_s = slice_s(), await _flooded_s(flood), slice_s()
        floor_s = max(before_s, after_s)
        costs.append((longest_s / floor_s, took_s / floor_s))
        if costs[-1][0] < TURN_MAX and costs[-1][1] < TOTAL_MAX:
            break
    assert min(longest for longest, _ in costs) < TURN_MAX
    assert min(total for _, total in costs) < TOTAL_MAX


async def _flooded_s(flood: str) -> tuple[float, float]:
    """Have a flood end its connection; returns the CPU time of the longest turn meanwhile, and of all of it."""
    with HostileProvider(FLOODS[flood]) as provider:
        settings = Http2Settings(
            url=provider.url, streams_per_connection=STREAMS, timeout_s=LONG_S, connect_timeout_s=LONG_S
        )
        lane = Http2Lane(settings)
        began_s = time.thread_time()
        async with Turns() as turns:
            results = await lane.send_all(HEAD, calls(STREAMS), judge, CLEAR)
        took_s = time.thread_time() - began_s
        await lane.close()
        # What ends it may be answered before it ends: an answer that is too long, say.
        assert {result and result.reason[:2] for result in results} == {"0 "}
        assert LOST in {result and result.reason for result in results}
        assert provider.connections == 1
    assert provider.sent_bytes < BUFFERED_BYTES
    assert set(provider.codes) <= {CODES.get(flood, CALM)}
    return turns.longest_s, took_s


def test_the_peer_is_told_why_the_connection_ends() -> None:
    """ENHANCE_YOUR_CALM for a flood; the code of the violation for what is none."""
    provider = Provider(lambda peer, *_: peer.pipe.send(PingFrame(0).serialize() * FRAMES_LEAST))
    assert run(provider, lambda client: reasons(client, 1)) == [LOST]
    assert provider.peers[0].ended_with == CALM
    provider = Provider(lambda peer, *_: peer.flush(WindowUpdateFrame(0, window_increment=(1 << 31) - 1)))
    assert run(provider, lambda client: reasons(client, 1)) == [LOST]
    assert provider.peers[0].ended_with == wire.FLOW_CONTROL_ERROR


def test_a_busy_provider_is_no_flood() -> None:
    """Windows, settings, an early hint, pings and a body in parts for each of thousands of calls: all are answered."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        peer.open.pop(stream)
        parts = [
            WindowUpdateFrame(0, window_increment=100),
            WindowUpdateFrame(stream, window_increment=100),
            PingFrame(0),
            HeadersFrame(stream, data=EARLY, flags=["END_HEADERS"]),
            HeadersFrame(stream, data=OK, flags=["END_HEADERS"]),
            *[DataFrame(stream, data=b"x")] * 3,
            DataFrame(stream, flags=["END_STREAM"]),
        ]
        if stream % 199 == 1:
            parts.append(SettingsFrame(0, settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 100}))
        peer.flush(*parts)

    provider = Provider(asked)
    assert run(provider, lambda client: reasons(client, 5000)) == ["200 xxx"] * 5000
    assert all(peer.ended_with is None for peer in provider.peers)


def test_late_answers_of_a_provider_that_was_slow_are_no_flood() -> None:
    """All calls of a connection end in time; their answers come together later, and the connection goes on."""
    kept: list[tuple[Peer, int]] = []

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if len(kept) < STREAMS:
            kept.append((peer, stream))
            return
        for slow, late in kept:
            slow.flush(HeadersFrame(late, data=OK, flags=["END_HEADERS"]), DataFrame(late, data=b"x" * 20))
        kept.clear()
        kept.extend([(peer, stream)] * STREAMS)
        peer.answer(stream)

    async def main(client: Http2Lane) -> tuple[set[str | None], list[str | None]]:
        return {*await reasons(client, STREAMS)}, await reasons(client, 1)

    provider = Provider(asked, {3: STREAMS})
    found = run(provider, main, streams_per_connection=STREAMS, connections_max=1)
    assert found == ({"0 no answer in time"}, ["200 "])
    assert len(provider.peers) == 1


def test_an_idle_connection_that_is_pinged_for_days_stays() -> None:
    """Ten frames a second are always allowed, and no more than that without calls."""

    def pinged(peer: Peer, turns: int) -> None:
        peer.flush(PingFrame(0))
        if turns:
            asyncio.get_running_loop().call_later(0.5, pinged, peer, turns - 1)

    async def main(client: Http2Lane) -> list[str | None]:
        first = await reasons(client, 1)
        await asyncio.sleep(5000)
        return [*first, *await reasons(client, 1)]

    provider = Provider(lambda peer, stream, _: peer.answer(stream))
    provider.connected = lambda peer: pinged(peer, 9000)
    assert run(provider, main) == ["200 ", "200 "]
    assert len(provider.peers) == 1


def test_a_provider_that_floods_is_connected_to_again_only_after_a_rest() -> None:
    """The next call waits for it, and is sent."""
    flood = PingFrame(0).serialize() * (FRAMES_LEAST + FRAMES_A_CALL)

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if peer is provider.peers[0]:
            peer.pipe.send(flood)
        else:
            peer.answer(stream)

    async def main(client: Http2Lane) -> tuple[list[str | None], float]:
        first = await reasons(client, 1)
        began_s = asyncio.get_running_loop().time()
        return [*first, *await reasons(client, 1)], asyncio.get_running_loop().time() - began_s

    provider = Provider(asked)
    found, waited_s = run(provider, main)
    assert found == [LOST, "200 "]
    assert waited_s >= REST_S / 2


def test_a_provider_that_ends_each_connection_after_one_answer_is_connected_to_a_few_times_a_second() -> None:
    """All calls are answered, and handshakes stay few: as many as a lane has connections, and four a second."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        peer.answer(stream)
        peer.flush(GoAwayFrame(0, last_stream_id=stream))

    async def main(client: Http2Lane) -> tuple[set[str | None], float]:
        began_s = asyncio.get_running_loop().time()
        found = {(await reasons(client, 1))[0] for _ in range(100)}
        return found, asyncio.get_running_loop().time() - began_s

    provider = Provider(asked)
    found, took_s = run(provider, main, connections_max=4)
    assert found == {"200 "}
    assert len(provider.peers) == 100
    assert took_s > (100 - 4) / 4 - 1


def test_a_flood_is_the_provider_s_failure_even_when_it_answers_some_calls() -> None:
    """So that its breaker opens; a call without an answer beside others that have one is only tried again."""
    with_flood = [ACCEPTED, _unanswered(flooded=True)]
    assert result_of_calls(with_flood).request_status is RequestStatus.FAILING
    assert [*(result_of_calls(with_flood).statuses or [])] == [one.recipient_status for one in with_flood]
    assert result_of_calls([ACCEPTED, _unanswered(flooded=False)]).request_status is RequestStatus.ANSWERED


def _unanswered(*, flooded: bool) -> CallResult:
    flood = PingFrame(0).serialize() * (FRAMES_LEAST + FRAMES_A_CALL)
    provider = Provider(lambda peer, *_: peer.pipe.send(flood) if flooded else peer.pipe.drop())

    async def main(client: Http2Lane) -> CallResult:
        [result] = await client.send_all(HEAD, calls(1), unsettled, CLEAR)
        assert result is not None
        return result

    return run(provider, main)


def test_what_came_before_a_connection_was_lost_is_read_slice_by_slice_before_its_calls_end() -> None:
    """Thousands of answers that come in one piece with the end: none of their calls is without its answer."""
    number = 3 * SLICE_FRAMES
    waiting: list[int] = []

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        waiting.append(stream)
        if len(waiting) == number:
            peer.pipe.send(b"".join(wire.frame(wire.HEADERS, 5, one, OK) for one in waiting))
            peer.pipe.end()

    provider = Provider(asked, {3: number})
    found = run(provider, lambda client: reasons(client, number), streams_per_connection=number, connections_max=1)
    assert found == ["200 "] * number


async def test_a_slice_is_read_at_a_time() -> None:
    """Each call of `feed` reads at most so many frames, and says whether there are more."""
    answers = wire.frame(wire.HEADERS, 5, 1, OK) * (2 * SLICE_FRAMES)
    reader, turns = _reader(), 1
    more = reader.feed(answers)
    while more:
        turns += 1
        more = reader.feed()
    assert turns in {2, 3}


def test_a_few_interim_answers_are_taken_and_one_more_ends_the_connection() -> None:
    """Each call may have so many."""
    early = [HeadersFrame(1, data=EARLY, flags=["END_HEADERS"])] * INTERIM_MAX
    answer = HeadersFrame(1, data=OK, flags=["END_HEADERS", "END_STREAM"])
    for frames, reason in (([*early, answer], "200 "), ([*early, early[0], answer], LOST)):
        provider = Provider(lambda peer, *_, frames=frames: peer.flush(*frames))
        assert run(provider, lambda client: reasons(client, 1)) == [reason]


async def test_another_lane_sends_on_while_one_is_flooded() -> None:
    """Calls over another connection are all answered while floods come in without a pause."""
    with HostileProvider(FLOODS["farewells"]) as hostile, HostileProvider(b"", wire.frame(1, 5, 1, OK)) as well:
        head = Head(HEAD.headers, "/send")
        ill = Http2Client(Http2Settings(url=hostile.url))
        good = Http2Client(Http2Settings(url=well.url))
        flooded = asyncio.create_task(
            ill.send_all(head, calls(100), may_send=lambda: True, stops=lambda _: False), name="flooded"
        )
        [reply] = await good.send_all(head, calls(1), may_send=lambda: True, stops=lambda _: False)
        assert reply is not None
        assert reply.status == 200
        assert all(one is not None and one.flooded for one in await flooded)
        await ill.close()
        await good.close()
