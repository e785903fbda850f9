"""Revocation: what a revoked authority, certificate or token set in motion does not go on by itself."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg
import pytest

from handlers.cap.model import MessageType
from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration import access
from server.settings import load
from server.stores import Stores
from tests.support.alarms import alarms_of
from tests.support.cap.messages import info, message, pin, post, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import UNTIL_S, until
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

TEXTS = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}
NUMBER = CASE["case_number"]
TRIES = 10


async def _officers(deployment: Deployment) -> Officers:
    await deployment.provider()
    await deployment.people(500)
    officers = Officers(deployment, await deployment.server())
    await officers.token("Li", Role.APPROVER, "Li")
    await officers.token("Wang", Role.APPROVER, "Wang")
    return officers


async def _filed(officers: Officers, policy: Review, number: str) -> str:
    await officers.review(policy, 600 if policy is Review.GRACE else None)
    status, answer = await officers.deployment.file(officers.server, case_number=number)
    assert status == HTTPStatus.ACCEPTED
    alert: str = answer["alert"]["id"]
    return alert


async def _alarmed(officers: Officers, kind: str = "filer_revoked") -> set[str]:
    standing = await alarms_of(officers.deployment, officers.server)
    return {one["alert"] for one in standing if one["kind"] == kind}


async def test_what_a_revoked_authority_filed_waits_for_a_person(deployment: Deployment) -> None:
    """In its grace it is held, live it is paused, in review approvals begin anew; each with an alarm until decided."""
    officers = await _officers(deployment)
    live = await _filed(officers, Review.AUTO, "L")
    await deployment.sent(officers.server, live)
    scheduled = await _filed(officers, Review.GRACE, "S")
    waiting = await _filed(officers, Review.TWO_PERSON, "W")
    assert (await officers.act(waiting, "approval", by="Li", case_number="W"))[0] == HTTPStatus.OK
    printed = await deployment.run("authority", "revoke", "sz")
    assert all(alert in printed for alert in (live, scheduled, waiting))
    states = {alert: await officers.state(alert) for alert in (live, scheduled, waiting)}
    assert states == {live: "paused", scheduled: "in_review", waiting: "in_review"}

    async def alarmed() -> bool:
        return await _alarmed(officers) == {live, scheduled, waiting}

    await until(alarmed)
    await deployment.query("update alert set send_at = now() - interval '1 minute' where id = $1", scheduled)
    assert (await deployment.file(officers.server, case_number="N"))[0] == HTTPStatus.UNAUTHORIZED
    status, problem = await officers.act(waiting, "approval", by="Wang", case_number="W", revision=1)
    assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "revision_changed")
    assert (await officers.act(waiting, "approval", by="Wang", case_number="W"))[1]["alert"]["state"] == "in_review"
    assert await officers.recipients("alert", waiting) == await officers.recipients("alert", scheduled) == 0
    assert (await officers.act(scheduled, "approval", by="Li", case_number="S"))[1]["alert"]["state"] == "sending"
    assert (await officers.act(live, "resume", by="Li", case_number="L"))[1]["alert"]["state"] == "sending"
    await deployment.sent(officers.server, scheduled)

    async def decided() -> bool:
        return await _alarmed(officers) == {waiting}

    await until(decided)
    assert (await deployment.command("audit", "verify", "--json"))["events"] > 0


async def test_what_is_live_goes_on_where_the_command_says_so(deployment: Deployment) -> None:
    """`--keep-live` is for a key that is not stolen: what waits is held all the same, other authorities go on."""
    officers = await _officers(deployment)
    live = await _filed(officers, Review.AUTO, "L")
    await deployment.sent(officers.server, live)
    scheduled = await _filed(officers, Review.GRACE, "S")
    await deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    await deployment.run("authority", "revoke", "gz")
    assert await officers.state(live) == "sent"
    assert await officers.state(scheduled) == "scheduled"
    await deployment.run("authority", "revoke", "sz", "--keep-live")
    assert await officers.state(live) == "sent"
    assert await officers.state(scheduled) == "in_review"


async def _filed_meanwhile(officers: Officers, connection: asyncpg.Connection) -> tuple[int, dict[str, Any]]:
    """File a case, and commit that its authority is revoked once the case waits for that."""
    async with connection.transaction():
        await connection.execute("update authority set revoked_at = now() where id = 'sz'")
        filing = asyncio.create_task(officers.deployment.file(officers.server))
        waits = "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'"

        async def is_waiting() -> bool:
            return filing.done() or bool((await officers.deployment.query(waits))[0][0])

        await until(is_waiting)
    return await filing


async def test_a_case_that_comes_while_its_authority_is_revoked_is_refused_or_held(deployment: Deployment) -> None:
    """Its signature verified before; the transaction that files it waits for the one that revokes."""
    officers = await _officers(deployment)
    connection = await asyncpg.connect(deployment.database_url)
    for _ in range(TRIES):
        await connection.execute("update authority set revoked_at = null where id = 'sz'")
        status, problem = await _filed_meanwhile(officers, connection)
        # It waits for a lock for a few seconds only, which a busy machine may need to see that it does.
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    await connection.close()
    assert (status, problem["code"]) == (HTTPStatus.UNAUTHORIZED, "invalid_signature")
    assert (await deployment.query("select count(*)::int from alert"))[0][0] == 0


async def test_approvals_and_proposals_of_a_revoked_or_ended_token_do_not_count(deployment: Deployment) -> None:
    """The second approval does not send; the same person may approve again with another token."""
    officers = await _officers(deployment)
    stolen = await officers.token("stolen", Role.APPROVER, "Zhao")
    alert = await _filed(officers, Review.TWO_PERSON, NUMBER)
    assert (await officers.act(alert, "approval", by="stolen"))[0] == HTTPStatus.OK
    await deployment.run("token", "revoke", str(stolen))
    status, answer = await officers.act(alert, "approval", by="Li")
    assert (status, answer["alert"]["state"], answer["alert"]["review"]["approvals"]) == (200, "in_review", ["li"])
    ended = await officers.token("fresh", Role.APPROVER, "Zhao")
    assert (await officers.act(alert, "approval", by="fresh"))[1]["alert"]["state"] == "sending"
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "extension", by="fresh", hours=2))[0] == HTTPStatus.OK
    await deployment.query("update bearer_token set expires_at = now() where id = $1", ended)
    status, problem = await officers.act(alert, "approval", by="Li")
    assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "proposal_not_possible")
    assert (await officers.act(alert, "veto", by="Li"))[0] == HTTPStatus.OK
    assert (await officers.act(alert, "extension", by="Li", hours=2))[0] == HTTPStatus.OK


async def test_every_server_hears_of_a_revoked_token_at_once(deployment: Deployment) -> None:
    """Also one that has it in its cache; its feed is closed, and its ticket opens nothing."""
    officers = await _officers(deployment)
    servers = [officers.server, await deployment.server()]
    token = await officers.token("Vera", Role.VIEWER, "Vera")
    headers = {"Authorization": f"Bearer {officers.text_of('Vera')}"}
    async with aiohttp.ClientSession(headers=headers) as session, aiohttp.ClientSession() as stranger:
        tickets = []
        for server in servers:
            async with session.post(f"{server.url}/v1/feed/tickets") as response:
                tickets.append((await response.json())["ticket"])
        feeds = [await session.ws_connect(f"{server.url}/v1/feed") for server in servers]
        for feed in feeds:
            await feed.receive_json()
        await deployment.run("token", "revoke", str(token))
        for feed in feeds:
            last = await feed.receive(timeout=UNTIL_S)
            assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)
        for server in servers:
            async with session.get(f"{server.url}/v1/alerts") as response:
                assert response.status == HTTPStatus.UNAUTHORIZED
        for server, ticket in zip(servers, tickets, strict=True):
            async with stranger.get(f"{server.url}/v1/feed?ticket={ticket}") as response:
                assert (response.status, (await response.json())["code"]) == (401, "invalid_ticket")


@pytest.mark.parametrize("action", ["cancel", "devices"])
async def test_a_request_whose_token_is_revoked_while_its_body_comes_does_nothing(
    deployment: Deployment, action: str
) -> None:
    """It was let in with its headers; what it asks for is refused as its end comes."""
    officers = await _officers(deployment)
    token = await officers.token("slow", Role.ADMIN, "Zhao")
    alert = await _filed(officers, Review.AUTO, NUMBER)
    await deployment.sent(officers.server, alert)
    path = f"/v1/alerts/{alert}/cancel" if action == "cancel" else "/v1/devices"
    body = b'{"reason": "because", "case_number": "SZ-2026-000123"}' if action == "cancel" else b"[]" + b" " * 10
    host, port = officers.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {officers.text_of('slow')}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:5])
    used = "select last_used_at is not null from bearer_token where id = $1"

    async def is_in() -> bool:
        return bool((await deployment.query(used, token))[0][0])

    await until(is_in)
    await deployment.run("token", "revoke", str(token))

    async def is_heard() -> bool:
        headers = {"Authorization": f"Bearer {officers.text_of('slow')}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{officers.server.url}/v1/alerts") as response,
        ):
            return response.status == HTTPStatus.UNAUTHORIZED

    await until(is_heard)
    writer.write(body[5:])
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert await officers.state(alert) == "sent"


async def test_what_an_unpinned_certificate_signed_is_paused_and_its_messages_change_nothing(
    deployment: Deployment,
) -> None:
    """Also where it signed only an update; later ones are unverified. A case of the webhook goes on."""
    officers = await _officers(deployment)
    await pin(deployment)
    other = await _filed(officers, Review.AUTO, "J")
    await deployment.sent(officers.server, other)
    first = message("SZ-2026-1")
    status, answer = await post(officers.server, signer().signed(first))
    assert status == HTTPStatus.ACCEPTED
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    fingerprint = (await deployment.query("select fingerprint from authority_certificate"))[0][0]
    assert (await deployment.query("select certificate from cap_message"))[0][0] == fingerprint
    await access.unpin(settings, stores, "sz", fingerprint)
    assert await officers.state(alert) == "paused"
    assert await officers.state(other) == "sent"
    cancel = message("SZ-2026-2", MessageType.CANCEL, first, infos=())
    status, problem = await post(officers.server, signer().signed(cancel))
    assert (status, problem["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "unverified_message")
    assert (await officers.act(alert, "resume", case_number="SZ-2026-1"))[1]["alert"]["state"] == "sending"


async def test_a_proposal_of_a_revoked_authority_is_dropped_with_it(deployment: Deployment) -> None:
    """A signed update that waits for approval cannot be approved any longer."""
    officers = await _officers(deployment)
    await pin(deployment)
    await officers.review(Review.APPROVE)
    first = message("SZ-2026-1")
    alert = (await post(officers.server, signer().signed(first)))[1]["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li", case_number="SZ-2026-1"))[0] == HTTPStatus.OK
    await deployment.sent(officers.server, alert)
    texts = (info("zh-CN", "小明见于广州"), info("en", "Ming seen in Guangzhou"))
    update = message("SZ-2026-2", MessageType.UPDATE, first, infos=texts)
    assert (await post(officers.server, signer().signed(update)))[0] == HTTPStatus.OK
    proposal: dict[str, Any] | None = (await officers.review_of(alert))["proposal"]
    assert proposal is not None
    await deployment.run("authority", "revoke", "sz", "--keep-live")
    status, problem = await officers.act(alert, "approval", by="Wang", case_number="SZ-2026-1")
    assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "proposal_not_possible")


async def test_a_revoked_authority_gets_no_new_secret_or_token(deployment: Deployment) -> None:
    """`rotate`, `pin` and `token create --authority` refuse it."""
    await deployment.run("authority", "revoke", "sz")
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    with pytest.raises(access.RegistryError):
        await access.rotate(settings, stores, "sz")
    with pytest.raises(access.RegistryError):
        await access.create_token(settings, stores, Role.OPERATOR, "Anna", authority="sz")


async def test_a_server_that_hears_nothing_looks_a_cached_token_up_again(deployment: Deployment) -> None:
    """Its listening connection is lost, and stays so: the cache ends by itself."""
    async with postgres_proxy(deployment.database_url) as proxy:
        server = await deployment.server(QQ_ALERT_DATABASE__URL=proxy.database_url)
        officers = Officers(deployment, server)
        token = await officers.token("Vera", Role.VIEWER, "Vera")
        headers = {"Authorization": f"Bearer {officers.text_of('Vera')}"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def status() -> int:
                async with session.get(f"{server.url}/v1/alerts") as response:
                    return response.status

            async def is_refused() -> bool:
                return await status() == HTTPStatus.UNAUTHORIZED

            proxy.cut_listeners()
            assert await status() == HTTPStatus.OK
            await deployment.run("token", "revoke", str(token))
            await until(is_refused)
