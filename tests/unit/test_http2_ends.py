"""Whatever a provider fails to do, a sender's wait ends: with few connections, and with a result for each call."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame

from tests.support.http2.peer import Peer, Pipe, Provider, reasons, run

if TYPE_CHECKING:
    from push.transport.http2_lane import Http2Lane

TIMEOUT_S = 15.0
STREAMS, WINDOW = int(SettingCodes.MAX_CONCURRENT_STREAMS), int(SettingCodes.INITIAL_WINDOW_SIZE)


def _never(peer: Peer, stream: int, body: bytes) -> None:
    """Answer nothing."""


def _ok(peer: Peer, stream: int, body: bytes) -> None:
    peer.answer(stream)


def _send_goaway_later(peer: Peer) -> None:
    asyncio.get_running_loop().call_later(0.1, peer.go_away, 0)


async def _timed(client: Http2Lane, number: int, size: int = 10) -> tuple[list[str | None], float]:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    return await reasons(client, number, size), loop.time() - start_s


@pytest.mark.parametrize("error", [ConnectionRefusedError(), socket.gaierror(-2, "no such name")], ids=repr)
def test_no_connection_ends_all_calls_and_keeps_nothing_of_them(error: OSError) -> None:
    """A hundred batches in an outage each end at once, and the client keeps none of them."""
    provider = Provider(_ok)
    provider.refusals.extend([error] * 100)

    async def main(client: Http2Lane) -> None:
        for _ in range(100):
            assert await reasons(client, 3) == [f"0 no connection ({type(error).__name__})"] * 3
        assert not client.client._waiting  # noqa: SLF001 - what is kept is not to be seen from outside
        assert await reasons(client, 3) == ["200 "] * 3

    run(provider, main)


def test_a_provider_that_sends_goaway_at_once_is_tried_a_few_times_only() -> None:
    """GOAWAY with its settings: one connection; a moment later, before any call: three. Then all calls end."""
    provider = Provider(_ok)
    provider.connected = lambda peer: peer.flush(GoAwayFrame(0))
    found = run(provider, lambda client: reasons(client, 5))
    assert found == ["0 the provider ended the connection at once"] * 5
    assert len(provider.peers) == 1
    provider = Provider(_ok, {STREAMS: 0})
    provider.connected = _send_goaway_later
    found = run(provider, lambda client: reasons(client, 5))
    assert found == ["0 connections end before anything is answered"] * 5
    assert len(provider.peers) == 3


def test_a_provider_that_processes_nothing_ends_the_calls_after_a_few_connections() -> None:
    """GOAWAY with stream 0 for each first request: three connections, and nothing was processed."""
    provider = Provider(lambda peer, *_: peer.go_away(0))
    found = run(provider, lambda client: reasons(client, 50), streams_per_connection=5)
    assert found == ["0 connections end before anything is answered"] * 50
    assert len(provider.peers) == 3


def test_a_provider_that_allows_no_stream_ends_the_calls_in_time() -> None:
    """It allows none from the beginning: the wait ends after the timeout of one call."""
    found, took_s = run(Provider(_ok, {STREAMS: 0}), lambda client: _timed(client, 5))
    assert found == ["0 no answer in time"] * 5
    assert TIMEOUT_S <= took_s < TIMEOUT_S + 1


def test_a_provider_that_hangs_with_one_stream_costs_a_batch_one_timeout_and_not_one_for_each_call() -> None:
    """Five hundred timeouts, one after the other, would take two hours."""
    provider = Provider(_never, {STREAMS: 1})
    found, took_s = run(provider, lambda client: _timed(client, 500))
    assert all(reason and reason.startswith("0 ") for reason in found)
    assert took_s < 2 * TIMEOUT_S


def test_an_exhausted_connection_window_ends_the_calls_and_a_reopened_one_goes_on() -> None:
    """65,535 bytes suffice for 65 calls; the others use another connection, or wait and end without a result."""
    assert run(Provider(_ok), lambda client: reasons(client, 100, 1000)) == ["200 "] * 100
    found, took_s = run(Provider(_ok), lambda client: _timed(client, 100, 1000), connections_max=1)
    assert found == ["200 "] * 65 + ["0 no answer in time"] * 35
    assert took_s < 2 * TIMEOUT_S

    def topped_up(peer: Peer, stream: int, body: bytes) -> None:
        if len(body) > peer.h2.inbound_flow_control_window:
            peer.h2.increment_flow_control_window(40_000)
        peer.answer(stream)

    assert run(Provider(topped_up), lambda client: reasons(client, 100, 1000)) == ["200 "] * 100


def test_a_window_smaller_than_a_message_ends_the_calls_at_once() -> None:
    """Nothing is sent in parts."""
    found, took_s = run(Provider(_ok, {WINDOW: 0}), lambda client: _timed(client, 5))
    assert found == ["0 a message larger than the provider takes"] * 5
    assert took_s < 1


def test_a_lowered_stream_limit_is_respected_and_calls_go_on_once_it_is_raised() -> None:
    """Lowered to 0 below the open ones, then raised: the strict peer sees no stream too many, and all are answered."""

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        if stream == 1:
            peer.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 0})
            asyncio.get_running_loop().call_later(5, more, peer)
        peer.answer(stream)

    def more(peer: Peer) -> None:
        peer.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 2})
        peer.flush()

    assert run(Provider(asked), lambda client: reasons(client, 50), streams_per_connection=10) == ["200 "] * 50


def test_a_provider_that_never_sends_its_settings_ends_the_calls() -> None:
    """A connection without HTTP/2 behind it is dropped after the connect timeout."""
    assert run(Provider(_ok, None), lambda client: reasons(client, 2)) == ["0 no connection (TimeoutError)"] * 2


@pytest.mark.parametrize("chosen", [None, "http/1.1"], ids=str)
def test_tls_without_http2_is_no_connection(monkeypatch: pytest.MonkeyPatch, chosen: str | None) -> None:
    """Nothing is sent to a provider that has not chosen h2 in the handshake (RFC 9113, 3.2)."""
    encryption = SimpleNamespace(selected_alpn_protocol=lambda: chosen)
    monkeypatch.setattr(Pipe, "get_extra_info", lambda *_: encryption)
    provider = Provider(_ok)
    assert run(provider, lambda client: reasons(client, 2)) == ["0 the provider speaks no HTTP/2"] * 2
    assert [(peer.heads, peer.pipe.lost) for peer in provider.peers] == [([], True)]


def test_a_provider_that_never_reads_ends_the_calls() -> None:
    """Unread bytes are bounded by the calls of one connection, and are freed with it."""
    provider = Provider(_never)
    provider.connected = lambda peer: setattr(peer.pipe, "held", True)
    found, took_s = run(provider, lambda client: _timed(client, 500, 4000))
    assert all(reason and reason.startswith("0 ") for reason in found)
    assert took_s < 3 * TIMEOUT_S


def test_a_refused_connection_beside_a_closing_one_ends_the_calls_without_a_retry() -> None:
    """While a call hangs on a connection that has sent GOAWAY, refused connects are not retried endlessly."""
    provider = Provider(lambda peer, stream, _: peer.go_away(stream))
    provider.connected = lambda _: provider.refusals.extend([ConnectionRefusedError()] * 1000)
    found = run(provider, lambda client: reasons(client, 3), streams_per_connection=1)
    assert found == ["0 no answer in time", *["0 no connection (ConnectionRefusedError)"] * 2]
    assert len(provider.refusals) == 999


def test_a_connection_that_ends_right_after_its_settings_does_not_count() -> None:
    """The calls end; the next batch opens another connection."""
    provider = Provider(_ok)
    provider.connected = lambda peer: peer.pipe.end() if len(provider.peers) <= 2 else None

    async def main(client: Http2Lane) -> list[list[str | None]]:
        return [await reasons(client, 1) for _ in range(3)]

    failed = ["0 the provider ended the connection at once"]
    assert run(provider, main) == [failed, failed, ["200 "]]


@pytest.mark.parametrize("settings", [None, {STREAMS: 2}], ids=["connecting", "under way"])
def test_closing_the_client_ends_waiting_calls_and_calls_in_flight(settings: dict[int, int] | None) -> None:
    """A sender of ten calls gets all ten results, and later senders get theirs at once."""

    async def main(client: Http2Lane) -> tuple[list[str | None], list[str | None]]:
        sender = asyncio.create_task(reasons(client, 10))
        await asyncio.sleep(1)
        await client.close()
        return await sender, await reasons(client, 2)

    provider = Provider(_never, settings)
    found, after = run(provider, main)
    assert [peer.pipe.lost for peer in provider.peers] == [True]
    assert all(reason and reason.startswith("0 ") for reason in found)
    assert after == ["0 the lane is closed"] * 2
