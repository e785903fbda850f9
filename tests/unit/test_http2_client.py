# ruff: noqa: SLF001 - what is kept is not to be seen from outside
"""The client keeps nothing of finished calls, measures time only while it runs, and reports a bug to every sender."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from h2.settings import SettingCodes

from push.transport.http2.client import IDLE_S
from push.transport.http2.watch import PING_S
from tests.support.http2.peer import HEAD, Peer, Provider, calls, judge, reasons, run
from tests.support.providers.clearances import CLEAR

if TYPE_CHECKING:
    from push.transport.http2 import Reply
    from push.transport.http2_lane import Http2Lane
    from push.transport.token_results import CallResult

STREAMS = int(SettingCodes.MAX_CONCURRENT_STREAMS)


def _ok(peer: Peer, stream: int, body: bytes) -> None:
    peer.answer(stream)


def _never(peer: Peer, stream: int, body: bytes) -> None:
    """Answer nothing."""


def _later(peer: Peer, stream: int, body: bytes) -> None:
    asyncio.get_running_loop().call_later(1, peer.answer, stream)


def _kept(client: Http2Lane) -> dict[str, int]:
    """Count the objects that the client keeps."""
    inner: Any = client.client
    waiting, found = inner._waiting, [*inner._connections, *inner._leaving]
    return {
        "timers": sum(not timer.cancelled() for timer in asyncio.get_running_loop()._scheduled),  # type: ignore[attr-defined]
        "senders": waiting.senders,
        "waiting": len(waiting._groups),
        "connecting": len(inner._connecting),
        "open": sum(one.active for one in found),
        "answers": sum(len(one._reader._answers) for one in found),
        "bursts": sum(len(one.watch._bursts) for one in found),
    }


def test_nothing_is_kept_of_ten_thousand_groups() -> None:
    """Answered, cancelled and failed ones, on connections that come and go: one timer stays, and no group."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if stream % 1001 == 0:
            peer.go_away(stream)
        peer.answer(stream, 200 if stream % 3 else 404, body if stream % 5 else b"")

    async def main(client: Http2Lane) -> dict[str, int]:
        for turn in range(1000):
            sends = [asyncio.create_task(reasons(client, 1 + number % 3)) for number in range(10)]
            if turn % 7 == 0:
                await asyncio.sleep(0)
                for send in sends[:3]:
                    send.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
        await asyncio.sleep(60)
        return _kept(client)

    kept = run(Provider(asked), main, streams_per_connection=5, connections_max=3)
    assert kept == {
        "timers": 1,
        "senders": 0,
        "waiting": 0,
        "connecting": 0,
        "open": 0,
        "answers": 0,
        "bursts": 0,
    }


def test_the_client_watches_its_connections_with_one_timer() -> None:
    """Also when it opens others meanwhile, some time after a refused one."""

    def slowly(peer: Peer, stream: int, body: bytes) -> None:
        asyncio.get_running_loop().call_later(5, peer.answer, stream)

    provider = Provider(slowly, {STREAMS: 1})

    async def main(client: Http2Lane) -> int:
        for _ in range(5):
            await reasons(client, 1)
            provider.refusals.append(ConnectionRefusedError())
            await reasons(client, 10)
            for peer in provider.peers:
                peer.pipe.drop()
            await asyncio.sleep(0.1)
        await reasons(client, 1)
        await asyncio.sleep(1)
        return _kept(client)["timers"]

    assert run(provider, main) == 1
    assert len(provider.peers) > 10


def test_a_cancelled_sender_leaves_nothing_that_is_sent_later() -> None:
    """Two calls are in flight when it is cancelled; the other eight never begin."""
    asked = []

    def later(peer: Peer, stream: int, body: bytes) -> None:
        asked.append(stream)
        _later(peer, stream, body)

    async def main(client: Http2Lane) -> list[str | None]:
        sender = asyncio.create_task(reasons(client, 10))
        await asyncio.sleep(0.5)
        sender.cancel()
        await asyncio.sleep(5)
        assert asked == [1, 3]
        assert _kept(client)["waiting"] == 0
        return await reasons(client, 3)

    assert run(Provider(later, {STREAMS: 2}), main, connections_max=1) == ["200 "] * 3


def test_a_blocked_event_loop_fails_no_call() -> None:
    """Answers that lay unread for a minute are read before any call is judged late."""

    async def main(client: Http2Lane) -> list[str | None]:
        loop: Any = asyncio.get_running_loop()
        await reasons(client, 1)
        sender = asyncio.create_task(reasons(client, 2))
        await asyncio.sleep(0.9)
        loop._jumping.now_s += 60
        return await sender

    provider = Provider(_later)
    assert run(provider, main) == ["200 "] * 2
    assert len(provider.peers) == 1


def test_all_idle_connections_but_one_are_closed() -> None:
    """After a burst on several connections one remains, and is pinged."""
    provider = Provider(_later, {STREAMS: 1})

    async def main(client: Http2Lane) -> tuple[int, int]:
        await reasons(client, 100)
        many = client.client.connections
        await asyncio.sleep(IDLE_S + 2 * PING_S)
        return many, client.client.connections

    many, left = run(provider, main)
    assert many > 2
    assert left == 1


def test_a_silent_idle_connection_is_dropped() -> None:
    """It is pinged after PING_S and dropped without a reply; the next call uses a new connection."""
    provider = Provider(_ok)

    async def main(client: Http2Lane) -> int:
        await reasons(client, 1)
        provider.peers[0].pipe.held = True
        await asyncio.sleep(2 * PING_S)
        left = client.client.connections
        assert await reasons(client, 1) == ["200 "]
        return left

    assert run(provider, main) == 0
    assert len(provider.peers) == 2


def test_a_bug_is_raised_in_every_sender_present_and_future() -> None:
    """An exception while judging a reply is a bug: no sender waits on, so the process ends with the error."""

    def buggy(reply: Reply) -> CallResult:
        raise KeyError(reply.status)

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if body == b"the last one":
            peer.answer(1)

    async def main(client: Http2Lane) -> None:
        senders = [asyncio.create_task(client.send_all(HEAD, calls(3), buggy, CLEAR)) for _ in range(3)]
        senders += [asyncio.create_task(client.send_all(HEAD, [(b"", b"the last one")], judge, CLEAR))]
        found = await asyncio.gather(*senders, return_exceptions=True)
        assert [type(one) for one in found] == [KeyError] * 4
        with pytest.raises(RuntimeError, match="has met a bug"):
            await reasons(client, 1)

    run(Provider(asked), main)


def test_a_bug_in_the_making_of_calls_is_raised_in_every_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in senders whose calls are in flight, whichever call met it."""

    def broken(*_: object) -> bytes:
        raise KeyError("broken")

    async def main(client: Http2Lane) -> None:
        waiting = asyncio.create_task(reasons(client, 3))
        await asyncio.sleep(1)
        monkeypatch.setattr("push.transport.http2.connection.wire.requests", broken)
        with pytest.raises(KeyError):
            await reasons(client, 1)
        with pytest.raises(KeyError):
            await waiting

    run(Provider(_never), main)


def test_the_oldest_group_is_begun_first_and_none_is_passed_over() -> None:
    """With two streams, groups of calls begin in the order in which they came."""
    order: list[bytes] = []

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        order.append(body[:1])
        peer.answer(stream)

    async def main(client: Http2Lane) -> None:
        groups = [[(b"", b"%d" % number)] * 5 for number in range(8)]
        await asyncio.gather(*(client.send_all(HEAD, group, judge, CLEAR) for group in groups))

    run(Provider(asked), main, streams_per_connection=2, connections_max=1)
    assert order == [b"%d" % number for number in range(8) for _ in range(5)]
