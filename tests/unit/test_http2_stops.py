"""The HTTP/2 client begins no call of a group whose clearance was revoked, wherever the call waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from push.transport.http2.client import POLL_INTERVAL_S
from push.transport.token_results import FORBIDDEN
from tests.support.http2.peer import HEAD, Peer, Provider, calls, judge, run
from tests.support.providers.clearances import CLEAR, TESTING, Revocable

if TYPE_CHECKING:
    from push.provider import Clearance
    from push.transport.http2_lane import Http2Lane

STREAMS = int(SettingCodes.MAX_CONCURRENT_STREAMS)


def _ok(peer: Peer, stream: int, body: bytes) -> None:
    peer.answer(stream)


def _never(peer: Peer, stream: int, body: bytes) -> None:
    """Answer nothing."""


async def _reasons(client: Http2Lane, number: int, clearance: Clearance) -> list[str | None]:
    results = await client.send_all(HEAD, calls(number), judge, clearance)
    return [None if one is None else one.reason for one in results]


def test_calls_that_wait_for_a_stream_are_not_begun() -> None:
    """Revoked at the third answer: answered calls keep their result, all others have none."""
    clearance, asked = Revocable(), list[int]()

    def answer(peer: Peer, stream: int, body: bytes) -> None:
        asked.append(stream)
        clearance.revoked = len(asked) == 3
        peer.answer(stream)

    async def main(client: Http2Lane) -> list[str | None]:
        return await _reasons(client, 10, clearance)

    found = run(Provider(answer, {STREAMS: 1}), main, connections_max=1)
    assert found == ["200 "] * 3 + [None] * 7
    assert len(asked) == 3


def test_a_group_that_waits_for_streams_ends_at_the_next_poll() -> None:
    """Another group holds all streams and gets no answers: the stopped group does not wait for it."""
    clearance = Revocable()
    provider = Provider(_never, {STREAMS: 2})

    async def main(client: Http2Lane) -> tuple[list[str | None], float]:
        loop = asyncio.get_running_loop()
        holding = asyncio.create_task(_reasons(client, 2, CLEAR))
        waiting = asyncio.create_task(_reasons(client, 5, clearance))
        await asyncio.sleep(1)
        stopped_s = loop.time()
        clearance.revoked = True
        found = await waiting
        took_s = loop.time() - stopped_s
        await holding
        return found, took_s

    found, took_s = run(provider, main, connections_max=1, timeout_s=5.0)
    assert found == [None] * 5
    assert took_s <= 2 * POLL_INTERVAL_S
    assert [len(peer.heads) for peer in provider.peers] == [2]


def test_a_stopped_group_is_not_begun_once_its_connection_is_open() -> None:
    """The connection remains for others; not one header of the stopped group was sent."""
    clearance = Revocable()

    def connected(_: Peer) -> None:
        clearance.revoked = True

    provider = Provider(_ok)
    provider.connected = connected

    async def main(client: Http2Lane) -> list[str | None]:
        return await _reasons(client, 3, clearance)

    assert run(provider, main) == [None] * 3
    assert [peer.heads for peer in provider.peers] == [[]]


def test_a_stopped_group_does_not_fail_with_its_connection() -> None:
    """A lane judges a provider as down only by calls that may be sent."""
    clearance = Revocable()
    provider = Provider(_never)
    provider.refusals.append(ConnectionRefusedError())

    async def main(client: Http2Lane) -> list[list[str | None]]:
        sends = [asyncio.create_task(_reasons(client, 1, one)) for one in (clearance, CLEAR)]
        await asyncio.sleep(0)
        clearance.revoked = True
        return await asyncio.gather(*sends)

    stopped, failed = run(provider, main)
    assert stopped == [None]
    assert failed != [None]


def test_refused_calls_are_not_repeated_after_a_stop() -> None:
    """Refused by one connection, they would otherwise go to another one at once."""
    clearance, asked = Revocable(), list[int]()

    def refuse(peer: Peer, stream: int, body: bytes) -> None:
        asked.append(stream)
        clearance.revoked = True
        peer.reset(stream, ErrorCodes.REFUSED_STREAM)

    async def main(client: Http2Lane) -> list[str | None]:
        return await _reasons(client, 2, clearance)

    assert run(Provider(refuse), main) == [None] * 2
    assert len(asked) == 2


def test_no_connection_is_opened_for_a_group_that_may_not_be_sent() -> None:
    """Stopped before it came, or not allowed to reach this provider at all."""
    clearance = Revocable()
    clearance.revoked = True
    provider = Provider(_never)

    async def main(client: Http2Lane) -> None:
        assert await client.send_all(HEAD, calls(2), judge, clearance) == [None] * 2
        assert await client.send_all(HEAD, calls(2), judge, TESTING) == [FORBIDDEN] * 2

    run(provider, main)
    assert not provider.peers


def test_a_clearance_is_checked_once_for_all_calls_that_begin_together() -> None:
    """Five hundred calls with free streams for all of them need a few checks, not five hundred."""
    clearance = Revocable()

    async def main(client: Http2Lane) -> list[str | None]:
        return await _reasons(client, 500, clearance)

    found = run(Provider(_ok), main, streams_per_connection=500)
    assert found == ["200 "] * 500
    assert clearance.asked < 20
