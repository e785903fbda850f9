"""Officers: a token of one authority reads nothing of another's alerts, on whatever route."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from server.administration.file_case import send_case
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

WHY = {"reason": "because of a test", "case_number": CASE["case_number"]}


async def _officer(deployment: Deployment, role: str, authority: str) -> str:
    created = await deployment.command(
        "token", "create", "--role", role, "--name", f"{role} of {authority}", "--authority", authority, "--json"
    )
    token: str = created["token"]
    return token


async def _get(url: str, token: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.get(url) as answer,
    ):
        return answer.status, await answer.json()


async def _events(url: str, token: str, until: str) -> list[dict[str, Any]]:
    """Return the messages of a feed up to the first of an alert."""
    events = []
    async with (
        asyncio.timeout(60),
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.ws_connect(f"{url}/v1/feed") as feed,
    ):
        async for message in feed:
            events.append(message.json())
            if until in message.data:
                return events
    raise AssertionError("the feed ended")


async def _alert_of_each(deployment: Deployment, server: Process) -> tuple[str, str]:
    """File a case of sz and one of gz; returns both alerts, once they are sent."""
    secret = (await deployment.command("authority", "add", "gz", "--name", "Guangzhou", "--json"))["secret"]
    _, own = await deployment.file(server)
    body = msgspec.json.encode({**CASE, "case_number": "GZ-7"})
    other = json.loads((await send_case(server.url, "gz", secret, body))[1])
    for answer in (own, other):
        await deployment.sent(server, answer["alert"]["id"])
    return own["alert"]["id"], other["alert"]["id"]


async def test_an_officer_reads_the_alerts_of_the_own_authority_only(deployment: Deployment) -> None:
    """Lists, alerts, previews, summaries, alarms and the feed have nothing of another authority."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server()
    own, other = await _alert_of_each(deployment, server)
    assert (await deployment.post(f"{server.url}/v1/alerts/{other}/pause", {"reason": "wait"}))[0] == 200
    assert (await deployment.post(f"{server.url}/v1/alerts/{own}/pause", {"reason": "wait"}))[0] == 200
    for role in ("viewer", "operator", "approver"):
        token = await _officer(deployment, role, "sz")
        listed = (await _get(f"{server.url}/v1/alerts", token))[1]["alerts"]
        assert [one["id"] for one in listed] == [own]
        for query in ("case_number=GZ-7", "authority=gz"):
            assert (await _get(f"{server.url}/v1/alerts?{query}", token))[1]["alerts"] == []
        paths = ["", "/summary"] + (["/preview"] if role != "viewer" else [])
        assert [(await _get(f"{server.url}/v1/alerts/{other}{path}", token))[0] for path in paths] == [404] * len(paths)
        assert [(await _get(f"{server.url}/v1/alerts/{own}{path}", token))[0] for path in paths] == [200] * len(paths)
        events = await _events(server.url, token, own)
        alarms = (await _get(f"{server.url}/v1/alarms", token))[1]["alarms"]
        for text in (json.dumps(events), json.dumps(alarms)):
            assert other not in text
            assert "GZ-7" not in text
    rows = await deployment.query("select content from audit_event where alert_id = $1", other)
    assert not [text for (text,) in rows if '"action":"read"' in text]


async def test_an_officer_admin_does_not_read_the_trail_of_all(deployment: Deployment) -> None:
    """The trail names what every authority does: it is for administrators who belong to none."""
    server = await deployment.server()
    assert (await _get(f"{server.url}/v1/audit", await _officer(deployment, "admin", "sz")))[0] == 403
    assert (await _get(f"{server.url}/v1/audit", deployment.token))[0] == 200


async def test_an_approver_of_another_authority_reads_what_waits_as_long_as_it_waits(deployment: Deployment) -> None:
    """A case in review is read and approved by an officer of another authority, an operator there never sees it."""
    await deployment.provider()
    await deployment.people(200)
    await deployment.command("authority", "add", "gz", "--name", "Guangzhou", "--json")
    await deployment.run("authority", "review", "sz", "--policy", "approve")
    server = await deployment.server()
    _, answer = await deployment.file(server)
    url = f"{server.url}/v1/alerts/{answer['alert']['id']}"
    approver, operator = await _officer(deployment, "approver", "gz"), await _officer(deployment, "operator", "gz")
    assert [(await _get(f"{url}{path}", operator))[0] for path in ("", "/preview", "/summary")] == [404] * 3
    assert len((await _get(f"{server.url}/v1/alerts", approver))[1]["alerts"]) == 1
    status, preview = await _get(f"{url}/preview", approver)
    assert status == 200
    approval = WHY | {"revision": preview["alert"]["review"]["revision"]}
    status, approved = await deployment.post(f"{url}/approval", approval, approver)
    assert (status, approved["alert"]["state"]) == (200, "sending")
    assert (await _get(f"{url}/preview", approver))[0] == 404
    assert (await _get(f"{server.url}/v1/alerts", approver))[1]["alerts"] == []


async def test_a_person_holds_a_few_feeds_and_the_oldest_gives_way(deployment: Deployment) -> None:
    """Beyond the bound of a token, of a person with two tokens and of an address the oldest is closed, saying why."""
    server = await deployment.server(
        QQ_ALERT_LIMITS__FEEDS_PER_TOKEN="2",
        QQ_ALERT_LIMITS__FEEDS_PER_PERSON="3",
        QQ_ALERT_LIMITS__FEEDS_PER_ADDRESS="4",
    )
    tokens = [
        (await deployment.command("token", "create", "--role", "viewer", "--name", name, "--json"))["token"]
        for name in ("Li Na", "li na", "Wu", "Zhao")
    ]
    async with aiohttp.ClientSession() as session:
        feeds = []
        # Opened by whom in turn, and which is closed for it with what reason.
        for opener, closed, why in (
            (0, None, ""),
            (0, None, ""),
            (0, 0, "token"),
            (1, None, ""),
            (1, 1, "person"),
            (2, None, ""),
            (3, 2, "address"),
        ):
            headers = {"Authorization": f"Bearer {tokens[opener]}"}
            feeds.append(await session.ws_connect(f"{server.url}/v1/feed", headers=headers))
            await feeds[-1].receive_json(timeout=60)
            if closed is not None:
                async with asyncio.timeout(60):
                    while (message := await feeds[closed].receive()).type != aiohttp.WSMsgType.CLOSE:
                        assert message.type == aiohttp.WSMsgType.TEXT
                assert message.data == 4008
                assert f"one {why} than" in str(message.extra)
        for feed in feeds:
            await feed.close()
