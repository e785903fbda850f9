"""Whatever a provider and the network do, every call gets its own result and is processed once at most.

Hypothesis drives a provider on h2, which is strict: it splits bytes anywhere, answers in any order, refuses, resets,
sends GOAWAY, changes its settings, and drops connections.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from h2.settings import SettingCodes
from hypothesis import given, settings
from hypothesis import strategies as st

from push.transport.http2 import Head
from push.transport.http2.frames import ProtocolError
from push.transport.http2.headers import HeaderBlocks
from push.transport.http2.reader import Reader
from tests.support.http2.peer import Peer, Provider, judge, run
from tests.support.providers.clearances import CLEAR

if TYPE_CHECKING:
    from push.transport.http2 import Reply
    from push.transport.http2_lane import Http2Lane

INTERNAL_ERROR, REFUSED_STREAM = 2, 7
BODY_BYTES_MAX, WINDOW_BYTES = 3000, 65_535
HABITS = ["restore_limit", "refuse", "reset", "change", "ping", "hang", "go_away", "drop", "end"]
"""What a provider does besides answering; each example has some of these habits, each with a frequency."""

HEADS = [
    Head((("authorization", "Bearer " + str(one) * 1500), ("x-one", str(one))), f"/send/{one}") for one in range(4)
]
TURNS, REFUSED = 3, 0.2
Groups = list[tuple[int, int, int]]


class RandomProvider:
    """A provider that at random does anything that HTTP/2 allows."""

    def __init__(self, random: Random, first: list[dict[int, int]], habits: set[str]) -> None:
        self.random = random
        self.provider = Provider(self._asked, *first)
        self.provider.piece = lambda: random.choice((1, 9, 100, 1 << 16))
        self.provider.connected = self._connected
        self.acts = [self._answer] * 2 + [getattr(self, f"_{habit}") for habit in sorted(habits)]
        self.processed: Counter[bytes] = Counter()
        self.highest: dict[Peer, int] = {}
        self.said: dict[bytes, str] = {}

    def _connected(self, peer: Peer) -> None:
        if self.random.random() < REFUSED:
            self.provider.refusals.append(OSError("refused"))
        self._later(peer)

    def _asked(self, peer: Peer, stream: int, body: bytes) -> None:
        """Schedule a random action for later."""

    def _later(self, peer: Peer) -> None:
        asyncio.get_running_loop().call_later(self.random.uniform(0, 0.2), self._act, peer)

    def _act(self, peer: Peer) -> None:
        if peer.pipe.is_closing() or peer.pipe.ended:
            return
        self.random.choice(self.acts)(peer)
        peer.flush()
        self._later(peer)

    def _stream(self, peer: Peer) -> tuple[int, bytes] | None:
        return self.random.choice([*peer.open.items()]) if peer.open else None

    def _process(self, peer: Peer, stream: int, body: bytes) -> None:
        self.processed[body] += 1
        self.highest[peer] = max(stream, self.highest.get(peer, 0))

    def _answer(self, peer: Peer) -> None:
        for _ in range(self.random.randint(1, 8)):
            found = self._stream(peer)
            if found is None:
                return
            stream, body = found
            self._process(peer, stream, body)
            status = self.random.choice((200, 200, 400, 503))
            del peer.open[stream]
            self._send_answer(peer, stream, status, body if self.random.random() < 0.7 else b"")

    def _send_answer(self, peer: Peer, stream: int, status: int, body: bytes) -> None:
        """Answer in one of the many forms that HTTP/2 allows."""
        self.said[body] = f"{status} {body.decode()}"
        if self.random.random() < 0.2:
            peer.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
        trailers = self.random.random() < 0.2
        peer.h2.send_headers(
            stream, [(":status", str(status)), ("server", "x" * 50)], end_stream=not (body or trailers)
        )
        half = len(body) // 2
        for part, last in ((body[:half], False), (body[half:], True)) if body else ():
            padding = self.random.choice((None, 0, 30))
            peer.h2.send_data(stream, part, end_stream=last and not trailers, pad_length=padding)
        if trailers:
            peer.h2.send_headers(stream, [("x-trailer", "1")], end_stream=True)

    def _restore_limit(self, peer: Peer) -> None:
        """Allow as many streams as before."""
        missing = WINDOW_BYTES - peer.h2.inbound_flow_control_window
        if missing > 0:
            peer.h2.increment_flow_control_window(missing)

    def _refuse(self, peer: Peer) -> None:
        found = self._stream(peer)
        if found is not None:
            peer.reset(found[0], REFUSED_STREAM)

    def _reset(self, peer: Peer) -> None:
        found = self._stream(peer)
        if found is not None:
            self._process(peer, *found)
            peer.reset(found[0], INTERNAL_ERROR)

    def _hang(self, peer: Peer) -> None:
        found = self._stream(peer)
        if found is not None:
            self._process(peer, *found)
            del peer.open[found[0]]

    def _go_away(self, peer: Peer) -> None:
        """Send GOAWAY with a last stream, after which no stream was processed."""
        processed = self.highest.get(peer, 0)
        last = self.random.choice([processed, *(stream for stream in peer.open if stream > processed)])
        peer.go_away(min(last, peer.last) if peer.last is not None else last)

    def _drop(self, peer: Peer) -> None:
        self.processed.update(peer.open.values())
        peer.pipe.drop(ConnectionResetError())

    def _end(self, peer: Peer) -> None:
        self.processed.update(peer.open.values())
        peer.pipe.end()

    def _change(self, peer: Peer) -> None:
        name, values = self.random.choice(
            [
                (SettingCodes.MAX_CONCURRENT_STREAMS, (0, 1, 5, 100)),
                (SettingCodes.INITIAL_WINDOW_SIZE, (0, BODY_BYTES_MAX, WINDOW_BYTES)),
                (SettingCodes.HEADER_TABLE_SIZE, (0, 100, 4096, 65_536)),
            ]
        )
        peer.h2.update_settings({name: self.random.choice(values)})

    def _ping(self, peer: Peer) -> None:
        peer.h2.ping(b"12345678")


FIRST = st.fixed_dictionaries(
    {},
    optional={
        int(SettingCodes.MAX_CONCURRENT_STREAMS): st.integers(0, 100),
        int(SettingCodes.INITIAL_WINDOW_SIZE): st.integers(BODY_BYTES_MAX, 70_000),
        int(SettingCodes.HEADER_TABLE_SIZE): st.sampled_from([0, 64, 4096, 65_536]),
    },
)


@settings(max_examples=40, deadline=None)
@given(
    groups=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 60), st.integers(4, BODY_BYTES_MAX)), min_size=1, max_size=6
    ),
    first=st.lists(FIRST, min_size=1, max_size=3),
    limits=st.tuples(st.integers(1, 100), st.integers(1, 4)),
    habits=st.sets(st.sampled_from(HABITS)),
    seed=st.integers(0, 1 << 32),
)
def test_every_call_has_one_result_and_is_processed_once_at_most(
    groups: Groups, first: list[dict[int, int]], limits: tuple[int, int], habits: set[str], seed: int
) -> None:
    """No protocol error, no call processed twice; a result with a status is the provider's answer to that call."""
    fickle, found = RandomProvider(Random(seed), first, habits), dict[bytes, str]()

    async def send(client: Http2Lane, number: int) -> None:
        head, count, size = groups[number]
        for turn in range(TURNS):
            bodies = [b"%d-%d-%d " % (number, turn, row) for row in range(count)]
            calls = [(b"", body.ljust(size, b"x")) for body in bodies]
            results = await client.send_all(HEADS[head], calls, judge, CLEAR)
            assert len(results) == count
            found.update((body, result.reason) for (_, body), result in zip(calls, results, strict=True) if result)

    async def main(client: Http2Lane) -> None:
        await asyncio.gather(*(send(client, number) for number in range(len(groups))))

    run(fickle.provider, main, streams_per_connection=limits[0], connections_max=limits[1])
    assert len(found) == sum(count for _, count, _ in groups) * TURNS
    for body, reason in found.items():
        status, _, rest = reason.partition(" ")
        assert status in {"0", "200", "400", "503"}
        assert fickle.processed[body] <= 1
        if status != "0":
            assert fickle.processed[body] == 1
            assert not rest or reason == fickle.said[body]


class _Ignoring:
    """Receives every event and does nothing."""

    def on_reply(self, stream: int, reply: Reply) -> None: ...
    def on_refused(self, stream: int) -> None: ...
    def on_setting(self, name: int, value: int) -> None: ...
    def on_settings(self) -> None: ...
    def on_goaway(self, last: int) -> None: ...
    def on_window(self, more_bytes: int) -> None: ...
    def say(self, data: bytes) -> None: ...


def _read(pieces: list[bytes]) -> None:
    reader = Reader(_Ignoring(), HeaderBlocks("http", "provider.example"), {1, 3, 5})
    for piece in pieces:
        reader.feed(piece)


FRAMES = st.builds(
    lambda kind, flags, stream, payload: len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream + payload,
    st.integers(0, 10),
    st.integers(0, 255),
    st.sampled_from([bytes(4), b"\0\0\0\1", b"\0\0\0\3", b"\x80\0\0\5", b"\0\0\0\7"]),
    st.one_of(st.binary(max_size=40), st.sampled_from([b"\x88", b"\x20\x88", b"\x3f\xe1\x1f\x88", b"\x8d", bytes(8)])),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FRAMES, st.binary(max_size=30)), max_size=12))
def test_garbage_is_a_protocol_error_and_never_a_bug(pieces: list[bytes]) -> None:
    """Any bytes are either read or end the connection; no other exception is raised."""
    try:
        _read(pieces)
    except ProtocolError:
        return
