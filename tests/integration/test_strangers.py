"""While an alert is being sent strangers take turns, and nobody who has proved who they are waits behind them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from handlers.http.serving.turns import BODIES_MAX, BURST, UNIT_BYTES, UNITS_MAX
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

PEOPLE = 2000
SLOW = {"QQ_ALERT_LANES__TPNS__RATE_PER_S": "5"}
"""So that the alert is being sent for as long as the test lasts."""

BODY = bytes(UNITS_MAX * UNIT_BYTES)
"""It costs as much as there is, so that those who wait do so for far longer than what a test asks for meanwhile."""

ASKED = BURST // UNITS_MAX + BODIES_MAX - 10
"""All of them find a place."""


async def _status(session: aiohttp.ClientSession, server: Process, path: str) -> int:
    async with session.get(f"{server.url}{path}") as response:
        await response.read()
        return response.status


async def _send(session: aiohttp.ClientSession, server: Process) -> int:
    async with session.post(f"{server.url}/nowhere", data=BODY) as response:
        await response.read()
        return response.status


async def _sending(deployment: Deployment) -> tuple[Process, str]:
    """Start a server that sends an alert slowly."""
    await deployment.provider()
    await deployment.people(PEOPLE)
    server = await deployment.server(**SLOW)
    status, answer = await deployment.file(server)
    assert status == 202

    async def is_sending() -> bool:
        return bool(await deployment.query("select 1 from ledger limit 1"))

    await until(is_sending)
    return server, answer["alert"]["id"]


async def _pause(session: aiohttp.ClientSession, server: Process, alert: str) -> None:
    async with session.post(f"{server.url}/v1/alerts/{alert}/pause", json={"reason": "test"}) as response:
        assert response.status == 200


async def test_strangers_wait_while_an_alert_is_sent_and_everybody_else_does_not(deployment: Deployment) -> None:
    """Hundreds ask for what anybody may: a token, a signature and a probe are answered while they wait, then they."""
    server, alert = await _sending(deployment)
    connector = aiohttp.TCPConnector(limit=0)
    async with deployment.session() as known, aiohttp.ClientSession(connector=connector) as session:
        assert await _status(known, server, "/v1/alerts") == 200
        asking = [asyncio.create_task(_send(session, server)) for _ in range(ASKED)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert await _status(known, server, "/v1/alerts") == 200
        assert (await deployment.file(server, case_number="SECOND"))[0] == 202
        assert await _status(session, server, "/health") == 200
        assert not all(one.done() for one in asking), "nobody waits: nothing is proved"
        await _pause(known, server, alert)
        assert {await one for one in asking} == {404}


async def test_a_token_that_was_revoked_waits_like_a_stranger(deployment: Deployment) -> None:
    """What a token proved ends with it: its next requests are those of a stranger."""
    server, alert = await _sending(deployment)
    viewer = await deployment.command("token", "create", "--role", "viewer", "--name", "watching", "--json")
    headers = {"Authorization": f"Bearer {viewer['token']}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session, deployment.session() as known:
        assert await _status(known, server, "/v1/alerts") == 200
        assert await _status(session, server, "/v1/alerts") == 200
        await deployment.run("token", "revoke", str(viewer["id"]))

        async def is_over() -> bool:
            return await _status(session, server, "/v1/alerts") == 401

        await until(is_over)
        asking = [asyncio.create_task(_send(session, server)) for _ in range(ASKED)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert await _status(known, server, "/v1/alerts") == 200
        assert not all(one.done() for one in asking)
        await _pause(known, server, alert)
        assert {await one for one in asking} == {404}


async def test_strangers_who_take_all_places_keep_no_operator_out(deployment: Deployment) -> None:
    """Bodies that never come, from a few addresses, take all places: a token that this server never saw is answered."""
    server, alert = await _sending(deployment)
    host, port = server.address
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 49152\r\n\r\n"
    writers = []
    for number in range(BURST + 2 * BODIES_MAX):
        _, writer = await asyncio.open_connection(host, port, local_addr=(f"127.1.0.{1 + number % 4}", 0))
        writer.write(head)
        writers.append(writer)

    async def is_refused() -> bool:
        # One more of an address that has most of the places.
        one_more = aiohttp.TCPConnector(local_addr=("127.1.0.1", 0))
        async with (
            aiohttp.ClientSession(connector=one_more) as session,
            session.post(f"{server.url}/nowhere", data=BODY) as response,
        ):
            return response.status == 503

    await until(is_refused)
    async with deployment.session() as new:
        await _pause(new, server, alert)
    for writer in writers:
        writer.transport.abort()
