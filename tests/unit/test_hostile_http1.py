"""A batch provider that is hostile over HTTP/1.1 costs little, and its answers are none."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from push.providers.tpns import TpnsGateway, TpnsSettings
from push.results import RequestStatus, SendResult
from push.transport.access_token import LIFE_S, Granted, RenewedToken
from push.transport.batch.bounded import ANSWER_WIRE_BYTES
from push.transport.http2.retry_after import parse_retry_after_s
from tests.support.hostile.http1 import HTTP1_FLOODS
from tests.support.hostile.provider import HostileProvider, Turns, slice_s
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    import aiohttp

TURN_MAX, TOTAL_MAX = 60, 3000
"""Times the CPU of one slice of the cheapest frames of HTTP/2: a turn of the event loop, and a flood as a whole."""

TRIES = 5
"""What else a machine does makes a turn cost more now and then, and none cost less: the least of some is its cost."""

BUFFERED_BYTES = 16 << 20


@pytest.mark.parametrize("name", HTTP1_FLOODS)
async def test_a_hostile_answer_is_a_failure_and_never_holds_the_event_loop(name: str) -> None:
    """One connection, a bounded part of the flood, and nothing of what was sent in the reason."""
    costs = []
    for _ in range(TRIES):
        # What else the machine does makes both dearer, so each answer has its slices beside it.
        before_s, (longest_s, took_s), after_s = slice_s(), await _flooded_s(name), slice_s()
        floor_s = max(before_s, after_s)
        costs.append((longest_s / floor_s, took_s / floor_s))
        if costs[-1][0] < TURN_MAX and costs[-1][1] < TOTAL_MAX:
            break
    assert min(longest for longest, _ in costs) < TURN_MAX
    assert min(total for _, total in costs) < TOTAL_MAX


async def _flooded_s(name: str) -> tuple[float, float]:
    """Send to a hostile provider; returns the CPU time of the longest turn meanwhile, and of all of it."""
    flood = HTTP1_FLOODS[name]
    with HostileProvider(flood.flood, flood.before, http2=False) as provider:
        gateway = TpnsGateway(TpnsSettings(url=provider.url, access_id="a", secret_key="b"))
        began_s = time.thread_time()
        async with Turns() as turns:
            result = await gateway.send(message_for_tests(), [b"1", b"2"], CLEAR)
        took_s = time.thread_time() - began_s
        await gateway.close()
    assert result.request_status is RequestStatus.FAILING
    assert result.statuses is None
    assert len(result.reason) < 60
    assert provider.connections == 1
    assert provider.sent_bytes < ANSWER_WIRE_BYTES + BUFFERED_BYTES
    return turns.longest_s, took_s


async def test_a_connection_with_unread_bytes_serves_no_other_request() -> None:
    """A second answer that nobody asked for is never taken for that of the next request."""
    flood = HTTP1_FLOODS["a second answer"]
    with HostileProvider(b"", flood.before + flood.before, http2=False) as provider:
        gateway = TpnsGateway(TpnsSettings(url=provider.url, access_id="a", secret_key="b"))
        for _ in range(2):
            await gateway.send(message_for_tests(), [b"1"], CLEAR)
        await gateway.close()
        assert provider.connections == 2


@pytest.mark.parametrize(
    ("value", "expected"), [("9" * 8000, 999_999_999.0), ("²", None), ("-1", None), ("1e9", None), (" 7 ", 7.0)]
)
def test_a_wish_to_be_left_alone_is_a_number_or_nothing(value: str, expected: float | None) -> None:
    """Whatever digits a provider finds: no error, no infinity."""
    assert parse_retry_after_s(value) == expected


@pytest.mark.parametrize("life_s", [-1e308, 0.0, 1.0, 1e308])
async def test_an_access_token_lives_for_a_bounded_time(life_s: float) -> None:
    """One that is to live no time is not asked for before each request; one for ever is renewed every day."""
    asked = []

    async def ask() -> Granted | SendResult:
        asked.append(1)
        return Granted("token", life_s)

    token = RenewedToken(ask)
    assert [await token.current() for _ in range(3)] == ["token"] * 3
    assert len(asked) == 1
    assert token._renew_s - time.monotonic() <= LIFE_S[1]  # noqa: SLF001 - a day is not waited for


@pytest.mark.parametrize("text", ["", "a\r\nx: y", "a b", "é", "x" * 5000])
async def test_what_cannot_stand_in_a_header_is_no_access_token(text: str) -> None:
    """The lane's failure, and nothing of it is said."""

    async def ask() -> Granted | SendResult:
        return Granted(text, 3600)

    result = await RenewedToken(ask).current()
    assert isinstance(result, SendResult)
    assert (result.request_status, result.reason) == (RequestStatus.FAILING, "an answer that is no access token")


async def test_what_is_paused_by_its_reader_waits_and_is_read_to_its_end() -> None:
    """An answer of half a MiB in chunks, which its reader takes slowly: whole, and in order."""
    parts = [b"%07d" % number for number in range(80_000)]
    chunks = b"".join(b"7\r\n%b\r\n" % part for part in parts) + b"0\r\n\r\n"
    before = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    with HostileProvider(b"", before, http2=False) as provider:
        gateway = TpnsGateway(TpnsSettings(url=provider.url, access_id="a", secret_key="b"))
        session: aiohttp.ClientSession = gateway._http._session  # noqa: SLF001 - a slow reader is no part of the lane
        async with session.post(provider.url) as response:
            content = bytearray()
            while more := await response.content.read(1 << 14):
                content += more
                await asyncio.sleep(0)
        await gateway.close()
    assert bytes(content) == b"".join(parts)
