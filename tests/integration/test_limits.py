"""Rate limits: tokens and authorities have theirs over all processes; an address that often fails is slowed down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from redis import asyncio as aioredis

from geo.connection import connect
from handlers.auth.failures import Failures
from handlers.auth.limits import Limits, LimitSettings
from handlers.http.roles import Role
from push.alarms import AlarmBoard
from server.administration.file_case import send_case, signed_headers
from tests.support.cap.messages import message, pin, post, signer
from tests.support.processes.deployment import CASE
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import UNTIL_S

if TYPE_CHECKING:
    from server.embedded import StoreUrls
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

BODY = msgspec.json.encode(CASE)
SLOW = LimitSettings(webhooks_per_minute=6, people_per_s=1, people_burst=1, platform_per_s=1, platform_burst=3)


async def test_processes_keep_one_limit_together(stores: StoreUrls) -> None:
    """Of twelve webhooks through two processes six are taken; another authority and a token have their own limits."""
    clients = [connect(stores.redis or "") for _ in range(2)]
    # Even on a busy machine Redis must answer here; the limit without Redis is tested below.
    limits = [Limits(client, SLOW, timeout_s=30) for client in clients]
    waits = await asyncio.gather(*(limits[turn % 2].authority("sz") for turn in range(12)))
    assert sum(wait_s == 0 for wait_s in waits) == 6
    assert 0 < max(waits) <= 10
    assert sum(one.refused["authority"] for one in limits) == 6
    assert await limits[0].authority("gz") == 0
    assert [await limits[0].token(1, Role.PLATFORM) for _ in range(3)] == [0, 0, 0]
    assert await limits[1].token(1, Role.VIEWER) == 0
    assert await limits[1].token(2, Role.VIEWER) == 0
    for client in clients:
        await client.aclose()


async def test_without_redis_a_process_keeps_the_limit_by_itself() -> None:
    """Nothing is refused for want of Redis, and the limit still holds."""
    away = aioredis.Redis(port=9)
    limits = Limits(away, SLOW)
    waits = [await limits.authority("sz") for _ in range(7)]
    assert waits[:6] == [0] * 6
    assert 0 < waits[6] <= 10
    await away.aclose()


async def test_addresses_are_grouped_by_owner_and_their_number_is_bounded() -> None:
    """A network of IPv6 is one address, IPv4 within IPv6 is IPv4; without the limit nobody waits."""
    failures = Failures(LimitSettings(failures_per_minute=1), AlarmBoard())
    assert failures.attempt("2001:db8::1") == 0
    assert failures.attempt("2001:db8::2%eth0") > 0
    assert failures.attempt("2001:db8:0:1::1") == 0
    assert failures.attempt("::ffff:10.0.0.1") == 0
    assert failures.attempt("10.0.0.1") > 0
    assert failures.attempt("10.0.0.2") == 0
    for number in range(10_000):
        failures.attempt(f"10.1.{number >> 8}.{number & 255}")
    assert failures.attempt("10.0.0.2") == 0, "the oldest of too many addresses was not dropped"
    off = Failures(LimitSettings(failures_per_minute=1, per_address=False), AlarmBoard())
    assert [off.attempt("10.0.0.1") for _ in range(3)] == [0, 0, 0]


async def _flood(server: Process, number: int, authority: str) -> list[tuple[int, str | None]]:
    forged = signed_headers("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCEhISE=", BODY)
    answers = []
    async with aiohttp.ClientSession(headers=forged) as session:
        for _ in range(number):
            async with session.post(f"{server.url}/v1/intake/{authority}", data=BODY) as response:
                answers.append((response.status, response.headers.get("Retry-After")))
    return answers


async def _alarm(feed: aiohttp.ClientWebSocketResponse, kind: str, *, raised: bool) -> Any:  # noqa: ANN401 - JSON
    async with asyncio.timeout(UNTIL_S):
        async for message in feed:
            event = message.json()
            if event["type"] == "alarm" and (event["kind"], event["raised"]) == (kind, raised):
                return event
    raise AssertionError("the feed ended")


async def test_a_flood_of_forged_webhooks_is_slowed_down_and_alarmed_and_locks_nobody_out(
    deployment: Deployment,
) -> None:
    """401, then 429; the authority's own case is accepted from the same address, up to its own limit."""
    own = OwnMetrics.free()
    server = await deployment.server(
        **own.env,
        QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="5",
        QQ_ALERT_LIMITS__FAILED_SIGNATURES="6",
        QQ_ALERT_LIMITS__FAILED_WINDOW_S="15",
        QQ_ALERT_LIMITS__WEBHOOKS_PER_MINUTE="2",
    )
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        flood = await _flood(server, 8, "sz") + await _flood(server, 2, "nobody")
        # The feed's token was new to this process, which took one of the address's tries: four are left.
        assert [status for status, _ in flood] == [401] * 4 + [429] * 6
        assert 0 < int(flood[-1][1] or 0) <= 12
        alarm = await _alarm(feed, "failed_signatures", raised=True)
        assert (alarm["about"], "authority sz" in alarm["detail"]) == ("sz", True)
        signed = [(await send_case(server.url, "sz", deployment.secret, BODY))[0] for _ in range(3)]
        assert signed == [202, 200, 429]
        assert (await _alarm(feed, "failed_signatures", raised=False))["about"] == "sz"
        metrics = await own.text()
    for line in (
        'failed_signatures_total{authority="known"} 8.0',
        'failed_signatures_total{authority="unknown"} 2.0',
        'limited_requests_total{limit="address"} 6.0',
        'limited_requests_total{limit="authority"} 1.0',
    ):
        assert f"qq_alert_{line}" in metrics


async def test_guessing_tokens_is_slowed_down_and_a_known_token_is_still_accepted(deployment: Deployment) -> None:
    """After too many guesses unknown tokens are not looked up; the same wrong token counts once; an alarm."""
    server = await deployment.server(
        QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="5",
        QQ_ALERT_LIMITS__FAILED_TOKENS="9",
        QQ_ALERT_LIMITS__PEOPLE_PER_S="1",
        QQ_ALERT_LIMITS__PEOPLE_BURST="3",
    )
    url = f"{server.url}/v1/alerts"

    async def status(token: str) -> int:
        async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
            return response.status

    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        assert [await status("qqa_over") for _ in range(4)] == [401] * 4
        assert [await status(f"qqa_{number}") for number in range(6)] == [401] * 3 + [429] * 3
        async with session.get(f"{server.url}/v1/feed?ticket=guessed") as response:
            assert response.status == 429
        assert (await _alarm(feed, "failed_tokens", raised=True))["about"] == ""
        opened = [await status(deployment.token) for _ in range(10)]
    assert opened[:2] == [200, 200], "the feed was the first of three, these are the others"
    assert 429 in opened


async def test_copies_of_a_signed_document_take_nothing_of_its_authoritys_webhooks(deployment: Deployment) -> None:
    """Documents are published, so anybody may send copies: they are slowed down by themselves, and a case is taken."""
    await deployment.provider()
    await pin(deployment)
    server = await deployment.server(QQ_ALERT_LIMITS__WEBHOOKS_PER_MINUTE="3")
    document = signer().signed(message("SZ-1"))
    statuses = [(await post(server, document))[0] for _ in range(5)]
    assert statuses[0] == 202
    assert statuses[-1] == 429
    assert [(await deployment.file(server, case_number=f"SZ-{number}"))[0] for number in (2, 3, 4)] == [202] * 3
    assert (await deployment.file(server, case_number="SZ-5"))[0] == 429


async def test_copies_behind_a_proxy_keep_out_no_new_document(deployment: Deployment) -> None:
    """Nobody knows there who sends what: copies of what was taken have a limit of their own, whatever stands around."""
    await deployment.provider()
    await pin(deployment)
    server = await deployment.server(QQ_ALERT_LIMITS__WEBHOOKS_PER_MINUTE="3", QQ_ALERT_LIMITS__PER_ADDRESS="false")
    document = signer().signed(message("SZ-1"))
    assert (await post(server, document))[0] == 202
    copies = [document.replace(b"<alert", b"<!-- %d -->\n<alert" % number, 1) for number in range(6)]
    statuses = [(await post(server, one))[0] for one in copies]
    assert statuses[0] == 202
    assert statuses[-1] == 429
    assert [(await post(server, signer().signed(message(f"SZ-{number}"))))[0] for number in (2, 3)] == [202] * 2
    assert (await post(server, signer().signed(message("SZ-4"))))[0] == 429


async def test_a_good_ticket_opens_the_feed_from_an_address_that_fails(deployment: Deployment) -> None:
    """A control room has one address: who fails there closes nobody's page, and what opens nothing is slowed down."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="3")
    async with deployment.session() as session, aiohttp.ClientSession() as anybody:
        async with session.post(f"{server.url}/v1/feed/tickets") as response:
            ticket = (await response.json())["ticket"]
        wrong = []
        for _ in range(4):
            async with anybody.get(f"{server.url}/v1/feed?ticket=wrong") as response:
                wrong.append(response.status)
        assert wrong[-1] == 429
        async with anybody.ws_connect(f"{server.url}/v1/feed?ticket={ticket}") as feed:
            assert (await feed.receive_json())["type"] == "snapshot"
