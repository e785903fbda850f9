"""Streams of the simulated providers, their limit and their end by GOAWAY, conform to RFC 9113, as the library h2 sees.

The provider's counts show whom each stream's request reached.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from tests.support.http2.client import connected
from tests.support.providers.lanes import token_of
from tests.support.providers.simulated import TOPIC, simulated

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.http2.client import H2Client
    from tests.support.providers.simulated import Simulated

STREAMS = 1000


@cache
def _token(provider: Simulated) -> str:
    """Return the only token of a test: APNs refuses one that is newer by less than 20 minutes."""
    return provider.provider_token(int(time.time()))


def _headers(provider: Simulated, user: int) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", f"/3/device/{token_of(user)}"),
        ("authorization", f"bearer {_token(provider)}"),
        ("apns-topic", TOPIC),
        ("apns-push-type", "alert"),
    ]


async def _authenticate(provider: Simulated, peer: H2Client) -> None:
    """Send a first request, after which there may be more than one at a time."""
    peer.ask(_headers(provider, 1))
    await peer.listen(lambda: peer.streams_max == STREAMS)
    assert peer.statuses == {1: "200"}
    await peer.flush()


async def test_one_stream_until_the_first_request_is_authenticated(tmp_path: Path) -> None:
    """An earlier second stream is refused by itself and reaches nobody; afterwards many are allowed."""
    async with simulated("apns", tmp_path, "--latency-ms", "100") as provider, connected(provider) as peer:
        await peer.listen(lambda: peer.streams_max == 1)
        peer.disregard_limit()
        first, second = peer.ask(_headers(provider, 1)), peer.ask(_headers(provider, 2))
        await peer.listen(lambda: peer.streams_max == STREAMS)
        assert peer.statuses == {first: "200", second: "REFUSED_STREAM"}
        assert await provider.tokens() == [token_of(1)]
        many = [peer.ask(_headers(provider, user)) for user in range(3, 50)]
        await peer.listen(lambda: many[-1] in peer.statuses)
        assert peer.last is None
        assert (await provider.counts())["accepted"] == 1 + len(many)


async def test_open_streams_are_answered_after_goaway_and_later_ones_reach_nobody(tmp_path: Path) -> None:
    """The fourth request causes GOAWAY: the first four are answered, two later ones neither answered nor counted."""
    async with (
        simulated("apns", tmp_path, "--goaway-every", "4", "--latency-ms", "100") as provider,
        connected(provider) as peer,
    ):
        await _authenticate(provider, peer)
        streams = [peer.ask(_headers(provider, user)) for user in range(2, 7)]
        await peer.listen()
        assert peer.last == streams[2]
        assert peer.statuses == dict.fromkeys([1, *streams[:3]], "200")
        counts, tokens = await provider.counts(), await provider.tokens()
    assert tokens == [token_of(user) for user in range(1, 5)]
    assert (counts["accepted"], counts["requests"]) == (4, 4)


async def test_a_body_that_ends_after_goaway_counts_up_to_the_last_stream_only(tmp_path: Path) -> None:
    """Begun before GOAWAY: answered up to the last stream, not after it; only then the connection ends."""
    async with simulated("apns", tmp_path, "--goaway-every", "3") as provider, connected(provider) as peer:
        await _authenticate(provider, peer)
        early = peer.begin(_headers(provider, 2))
        whole = [peer.ask(_headers(provider, user)) for user in (3, 4)]
        late = peer.begin(_headers(provider, 5))
        await peer.listen(lambda: peer.last is not None)
        assert peer.last == whole[-1] < late
        assert early not in peer.statuses
        peer.end(late)
        peer.end(early)
        await peer.listen()
        assert peer.statuses == dict.fromkeys([1, early, *whole], "200")
        assert await provider.tokens() == [token_of(user) for user in range(1, 5)]
