"""The feed: a snapshot, then changes, as long as the token is valid and the server runs."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment


async def test_the_feed_begins_with_a_snapshot_and_resumes(deployment: Deployment) -> None:
    """`?after=` gives the missed events; a ticket opens the feed once; without either it is refused."""
    await deployment.provider()
    await deployment.people(5000)
    server = await deployment.server()
    feed_url = f"{server.url}/v1/feed"
    async with deployment.session() as session:
        async with session.ws_connect(feed_url) as feed:
            snapshot = await feed.receive_json()
            assert (snapshot["type"], snapshot["alerts"]) == ("snapshot", [])
            await deployment.file(server)
            kinds = [(await feed.receive_json())["type"] for _ in range(2)]
            assert kinds == ["alert", "progress"]
        async with session.ws_connect(f"{feed_url}?after={snapshot['seq']}") as feed:
            assert (await feed.receive_json())["seq"] == snapshot["seq"] + 1
        async with session.ws_connect(f"{feed_url}?after=1") as feed:
            assert (await feed.receive_json())["type"] == "snapshot"
        async with session.post(f"{server.url}/v1/feed/tickets") as response:
            ticket = (await response.json())["ticket"]
    async with aiohttp.ClientSession() as stranger:
        async with stranger.ws_connect(f"{feed_url}?ticket={ticket}") as feed:
            assert (await feed.receive_json())["type"] == "snapshot"
        for refused in (f"{feed_url}?ticket={ticket}", feed_url):
            async with stranger.get(refused) as response:
                assert response.status == 401


async def _until_alert(feed: aiohttp.ClientWebSocketResponse, alert: str) -> dict[str, Any]:
    """Read on to the next message that says that an alert has changed."""
    while True:
        message: dict[str, Any] = await feed.receive_json(timeout=60)
        if message["type"] == "alert" and message["alert"] == alert:
            return message


async def test_the_feed_says_what_is_decided_although_the_state_stays_as_it_was(deployment: Deployment) -> None:
    """Each step in review and, of steps between two looks, one that leaves the alert as it was at the last look."""
    await deployment.run("authority", "review", "sz", "--policy", "two-person")
    server = await deployment.server()
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        _, answer = await deployment.file(server)
        alert = answer["alert"]
        await _until_alert(feed, alert["id"])
        approval = {"reason": "x", "case_number": alert["case_number"], "revision": alert["review"]["revision"]}
        url = f"{server.url}/v1/alerts/{alert['id']}"
        status, _ = await deployment.post(f"{url}/approval", approval)
        assert status == HTTPStatus.OK
        assert (await _until_alert(feed, alert["id"]))["state"] == "in_review"
        # Found and reopened within a look: nothing of it is another than it was.
        await deployment.query("update alert set state = state")
        assert (await _until_alert(feed, alert["id"]))["state"] == "in_review"


async def test_a_listener_gets_a_close_frame_when_the_server_stops(deployment: Deployment) -> None:
    """At once, with the reason: without a close frame a client waits, and delays the stop."""
    server = await deployment.server()
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        await feed.receive_json()
        ending = asyncio.create_task(asyncio.to_thread(server.end))
        last = await feed.receive()
        assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
        await feed.close()
        assert await ending == 0
    assert "server.stopped" in deployment.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("by_ticket", [False, True], ids=["by token", "by ticket"])
async def test_a_feed_ends_with_the_token_that_opened_it(deployment: Deployment, *, by_ticket: bool) -> None:
    """Once revoked, it is closed within seconds, also if opened by a ticket of that token; other feeds go on."""
    server = await deployment.server()
    created = await deployment.command("token", "create", "--role", "viewer", "--name", "Vera", "--json")
    url = f"{server.url}/v1/feed"
    headers = {"Authorization": f"Bearer {created['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session, deployment.session() as other:
        if by_ticket:
            async with session.post(f"{url}/tickets") as response:
                url += f"?ticket={(await response.json())['ticket']}"
        opener = aiohttp.ClientSession() if by_ticket else session
        async with opener.ws_connect(url) as feed, other.ws_connect(f"{server.url}/v1/feed") as going_on:
            await feed.receive_json()
            await going_on.receive_json()
            await deployment.run("token", "revoke", str(created["id"]))
            last = await feed.receive(timeout=30)
            assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)
            await deployment.file(server)
            assert (await going_on.receive_json())["type"] == "alert"
        await opener.close()
