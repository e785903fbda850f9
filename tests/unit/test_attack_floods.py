"""The floods of an attack run until they are over, and send what they say; their table names what is short."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from itertools import islice

import pytest
from aiohttp import web

from handlers.cap.verification import SignatureStatus, read_pins
from handlers.police.cap.reception import receive, receive_case
from push.transport.http2 import Http2Settings
from push.transport.http2_lane import Http2Lane
from tests.attack.clients import run_clients
from tests.attack.floods.cap_geometry import TEETH, documents
from tests.attack.floods.computing import PERIOD_S, compute
from tests.attack.floods.hostile_provider import HostileHttp2Provider, provide
from tests.attack.floods.public_feed import FEED, READERS, read
from tests.attack.measures import Answers, Figures
from tests.attack.table import Pair, quiet_row, row, table
from tests.support.cap.messages import pair
from tests.support.http2.peer import HEAD, calls, judge
from tests.support.processes.processes import until
from tests.support.providers.clearances import CLEAR

ALERT = "00000000-0000-4000-8000-000000000001"


async def test_readers_of_what_is_public_read_until_it_is_over() -> None:
    """Each of them all kinds, one after the other; the message is one of the feed."""
    paths = list[str]()

    async def answer(request: web.BaseRequest) -> web.Response:
        paths.append(request.path)
        return web.Response(text=f"<id>urn:uuid:{ALERT}</id>" if request.path == FEED else "")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await read("127.0.0.1", runner.addresses[0][1], lambda: len(paths) >= 10 * READERS)
    await runner.cleanup()
    assert {FEED, f"/v1/public/alerts/{ALERT}/cap", "/openapi.json"} < set(paths)


def test_documents_cross_themselves_differ_and_are_unsigned_or_forged() -> None:
    """Of the smallest combs a case could be filed; the others are refused for their polygons."""
    now, pins = datetime.now(UTC), read_pins([pair("police").certificate])
    some = [*islice(documents(), 4 * len(TEETH))]
    assert len(set(some)) == len(some)
    signatures, paths = list[SignatureStatus](), list[str]()
    for document in some:
        received = receive(document, pins, now)
        assert not isinstance(received, list), received
        signatures.append(received.signature.signature_status)
        case = receive_case(document, pins, now)
        paths += [error.path for error in case] if isinstance(case, list) else ["none"]
    assert signatures == [SignatureStatus.UNSIGNED, SignatureStatus.UNVERIFIABLE] * 2 * len(TEETH)
    assert paths == (["none"] * 2 + ["/alert/info[1]/area[1]/polygon"] * 4) * 2


async def test_a_hostile_provider_floods_until_it_is_over() -> None:
    """A client loses its connection to it, and the port is free for it again and again."""
    flood = HostileHttp2Provider()
    flood.reserve()
    for _ in range(2):
        stop_event = asyncio.Event()
        running = asyncio.create_task(run_clients(provide, flood.address, stop_event))
        lane = Http2Lane(Http2Settings(url=flood.url))

        async def is_flooded(lane: Http2Lane = lane) -> bool:
            [result] = await lane.send_all(HEAD, calls(1), judge, CLEAR)
            return result is not None and result.reason == "0 the connection was lost"

        await until(is_flooded)
        await lane.close()
        stop_event.set()
        await running
    flood.release()


async def test_who_only_computes_uses_the_share_that_it_is_given_and_calls_nobody() -> None:
    """Nobody listens where it is sent; half of each period is used, however busy the machine is."""
    periods = 0

    def is_over() -> bool:
        nonlocal periods
        periods += 1
        return periods > 10

    used_s = time.process_time()
    await compute("127.0.0.1", 0, is_over, share=0.5)
    assert time.process_time() - used_s >= 10 * 0.5 * PERIOD_S


@pytest.mark.parametrize(
    ("rate", "took_s", "short"),
    [(95.0, 0.01, []), (80.0, 0.01, ["rate_ratio"]), (95.0, 0.3, ["health_p99_ms", "case_p99_ms"])],
)
def test_what_misses_a_target_is_short(rate: float, took_s: float, short: list[str]) -> None:
    """The median of the pairs counts, and the table says it beside the figures."""
    quiet, answers = Answers([0.01], [False]), Answers([took_s] * 3, [False] * 3)
    pairs = [
        Pair(
            Figures(100.0, 50.0, quiet, quiet),
            Figures(one, 45.0, answers, answers),
            Figures(80.0, 50.0, quiet, quiet),
            0.4,
        )
        for one in (1.0, rate, 200.0)
    ]
    flooded = row("flood", pairs)
    assert (flooded.ratio_by_cpu, flooded.ratio_of_computing) == (0.9, rate / 80)
    assert (flooded.ratio, flooded.recipients_per_s, flooded.short) == (rate / 100, rate, short)
    assert quiet_row(pairs).short == []
    assert table([flooded]).splitlines()[1].split().count("short") == len(short)
