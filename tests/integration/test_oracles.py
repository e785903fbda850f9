"""Who is not verified learns nothing: of which authorities, case numbers, certificates and tokens there are."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from shapely.geometry import MultiPolygon, box
from signxml.verifier import XMLVerifier
from standardwebhooks import Webhook

import sql.access
from geo.connection import connect
from geo.index.position_index import PositionIndex
from geo.polygon import dump
from handlers.auth.authenticator import Authenticator
from handlers.auth.failures import Failures
from handlers.auth.limits import Limits, LimitSettings
from handlers.auth.signed_webhooks import SignedWebhooks
from handlers.auth.token_store import TokenStore
from handlers.auth.webhook_signatures import Vault, new_secret
from handlers.cap.model import MessageType
from handlers.cap.writing import document_of
from handlers.http.roles import Role
from handlers.http.serving.turns import Turns
from handlers.police.cap.intake import CapIntake
from push.alarms import AlarmBoard
from push.alerts.actions.changes import Changes
from push.alerts.actions.decisions import Actions
from push.alerts.actions.transaction import Operations
from push.alerts.filing import FilingService
from push.alerts.planner import FilingPlan, Planner
from push.alerts.rings import SHIPPED
from push.fanout.precedence import Precedence
from server.administration import access
from server.administration.encryption import encryption_key
from server.administration.file_case import signed_headers
from server.settings import load
from server.stores import Stores
from sql.database import RecordConnection, open_pool
from tests.support.cap.messages import FLOOD, info, message, pin, post, signer
from tests.support.cap.shapes import combed
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

AUTHORITIES = ("sz", "unheard-of", "gone", "far")
"""One that is known, one that is not, one that was revoked, and one that may reach nobody at these places."""

ID = re.compile(rb'"id":"[0-9a-f-]{36}"')
KEY_INFO = re.compile(rb"<ds:KeyInfo.*</ds:KeyInfo>", re.DOTALL)


async def _authorities(deployment: Deployment) -> None:
    """Add the authorities, each but one with the certificate of the police and one that has expired."""
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    far = dump(MultiPolygon([box(10, 50, 11, 51)]))
    await access.add_authority(settings, stores, "far", "Elsewhere", far)
    await access.add_authority(settings, stores, "gone", "Revoked")
    await pin(deployment)
    await pin(deployment, "old")
    await access.revoke_authority(settings, stores, "gone")


def _documents() -> dict[str, bytes]:
    """Return documents that nobody signed verifiably, after `SZ-1` was signed and `U-1` not."""
    live = message("SZ-1")
    tampered = signer().signed(message("T-1")).replace("寻找小明".encode(), "寻找小红".encode())
    signed = signer().signed(message("K-1"))
    return {
        "unsigned": document_of(message("U-2")),
        "the same again": document_of(message("U-2")),
        "the number of a live alert": document_of(message("SZ-1", infos=(info("zh-CN", "别的"),))),
        "the number of a draft": document_of(message("U-1", infos=(info("zh-CN", "别的"),))),
        "an update of a live alert": document_of(message("U-3", MessageType.UPDATE, live)),
        "a cancel of a live alert": document_of(message("U-4", MessageType.CANCEL, live, infos=())),
        "a cancel of nothing": document_of(message("U-4", MessageType.CANCEL, message("nothing"), infos=())),
        "tampered": tampered,
        "tampered, and names no certificate": KEY_INFO.sub(b"", tampered),
        "by a stranger": signer("stranger").signed(message("S-1")),
        "by a stranger who names no certificate": KEY_INFO.sub(b"", signer("stranger").signed(message("S-2"))),
        "expired": signer("old").signed(message("O-1")),
        "no signature at all": re.sub(rb"(<ds:SignatureValue>)[^<]*", rb"\1", signed),
        "signed twice": signed.replace(b"</alert>", signed[signed.index(b"<ds:Signature") :]),
        "no XML": b"{}",
        "a DTD": b'<!DOCTYPE alert [<!ENTITY x "y">]><alert>&x;</alert>',
        "no missing child": document_of(message("U-5")).replace(b"CAE", b"TOR"),
        "combs": document_of(message("U-6", infos=(info("zh-CN", "寻找小明", combed(60)),))),
    }


async def _answer(server: Process, authority: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer, without what belongs to the request."""
    named = {"Content-Type": "application/cap+xml", **headers}
    url = f"{server.url}/v1/intake/{authority}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=named) as response:
        told = {name: value for name, value in response.headers.items() if name != "Date"}
        return response.status, told, ID.sub(b'"id":""', await response.read())


async def test_an_unverified_document_is_answered_alike_whatever_there_is(deployment: Deployment) -> None:
    """Status, headers and body, byte for byte, for each authority; a number that stands is as one that is free."""
    await _authorities(deployment)
    server = await deployment.server(**FLOOD)
    assert (await post(server, signer().signed(message("SZ-1"))))[0] == 202
    assert (await post(server, document_of(message("U-1"))))[0] == 202
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
    for name, document in _documents().items():
        found = [await _answer(server, authority, document) for authority in AUTHORITIES]
        assert found == [found[0]] * len(AUTHORITIES), name
        answers[name] = found[0]
    free = answers["unsigned"]
    for name, number in (("the number of a live alert", b"SZ-1"), ("the number of a draft", b"U-1")):
        status, headers, body = answers[name]
        assert (status, body.replace(number, b"U-2")) == (free[0], free[2]), name
        assert headers["Content-Type"] == free[1]["Content-Type"]
    assert answers["the same again"] == free
    assert answers["a cancel of a live alert"] == answers["a cancel of nothing"]
    assert answers["tampered"][2].replace(b"T-1", b"S-1") == answers["by a stranger"][2]
    assert "unheard-of" not in deployment.log.read_text(encoding="utf-8"), "what a sender wrote reaches no log"
    numbers = "select case_number from child_case order by id"
    assert b"U-6" not in str(await deployment.query(numbers)).encode()
    of_others = "select count(*) from child_case where authority_id <> 'sz'"
    assert await deployment.query(of_others) == [(0,)], "nothing is kept of what cannot be"


async def test_an_unverified_webhook_or_notice_is_answered_alike_whatever_there_is(deployment: Deployment) -> None:
    """Without a signature, with a wrong one, and with the right one of another authority: one answer."""
    await _authorities(deployment)
    server = await deployment.server(**FLOOD)
    body = msgspec.json.encode(CASE)
    wrong = {"webhook-id": "w-1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    for path in ("", "/notices"):
        for headers in ({}, wrong):
            found = [
                await _answer(server, f"{authority}{path}", body, **{"Content-Type": "application/json", **headers})
                for authority in AUTHORITIES
            ]
            assert found == [found[0]] * len(AUTHORITIES)
            assert found[0][0] == 401


class _Work:
    """Counts what is done: statements of PostgreSQL and verifications of signatures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements = self.webhooks = self.documents = 0
        answer, sign, verify_xml = RecordConnection._answer, Webhook.sign, XMLVerifier.verify  # noqa: SLF001

        async def counted(connection: RecordConnection, text: str, asked: Any) -> Any:  # noqa: ANN401 - asyncpg's
            self.statements += 1
            return await answer(connection, text, asked)

        def verified(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the library's
            self.webhooks += 1
            return sign(*arguments, **named)

        def verified_xml(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the library's
            self.documents += 1
            return verify_xml(*arguments, **named)

        monkeypatch.setattr(RecordConnection, "_answer", counted)
        monkeypatch.setattr(Webhook, "sign", verified)
        monkeypatch.setattr(XMLVerifier, "verify", verified_xml)

    def taken(self) -> tuple[int, int, int]:
        """Return the counts, and begin anew."""
        counts = self.statements, self.webhooks, self.documents
        self.statements = self.webhooks = self.documents = 0
        return counts


@asynccontextmanager
async def _edge(deployment: Deployment) -> AsyncIterator[BaseTestServer]:
    """Serve the webhook within this process: nothing else works there."""
    settings = load(None, deployment.env())
    limits = LimitSettings(per_address=False)
    redis, pool = connect(deployment.redis_url), await open_pool(deployment.database_url)
    alarms = AlarmBoard()
    plan = FilingPlan(policies=SHIPPED, policy="qq", lanes={"tpns": None}, radius_cap_km=500, audience_cap=10**7)
    planner = Planner(PositionIndex(redis, ("tpns",)), plan, alarms)
    operations = Operations(pool, planner.secret, halt=lambda _: None, wake=lambda: None, precedence=Precedence())
    changes = Changes(operations, pool, planner, timedelta(hours=72))
    authenticator = Authenticator(
        TokenStore(pool, redis), Limits(redis, limits), Failures(limits, alarms), Turns(lambda: False)
    )
    service = FilingService(pool, planner, lambda: None, Precedence())
    cap = CapIntake(pool, service, Actions(operations, changes, planner), changes, None, authenticator)
    signed = SignedWebhooks(pool, Vault(encryption_key(settings)), authenticator)

    async def take(request: web.Request) -> web.StreamResponse:
        authority, body = request.match_info["authority"], await request.read()
        if request.content_type == "application/cap+xml":
            return await cap.take(request, authority, body)
        return await signed.refusal(request, authority, body) or web.Response()

    app = web.Application()
    app.router.add_post("/v1/intake/{authority}", take)
    try:
        async with TestServer(app) as server:
            yield server
    finally:
        await pool.close()
        await redis.aclose()


async def test_an_unverified_request_costs_the_same_whatever_there_is(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many statements and as many verifications, for each authority and each document or webhook."""
    await _authorities(deployment)
    body = msgspec.json.encode(CASE)
    wrong = signed_headers(new_secret(), body)
    del wrong["content-type"]
    work = _Work(monkeypatch)
    async with _edge(deployment) as server, aiohttp.ClientSession() as session:

        async def cost(authority: str, body: bytes, kind: str, **headers: str) -> tuple[int, int, int]:
            url = server.make_url(f"/v1/intake/{authority}")
            async with session.post(url, data=body, headers={"Content-Type": kind, **headers}) as response:
                await response.read()
            return work.taken()

        live = signer().signed(message("SZ-1"))
        await cost("sz", live, "application/cap+xml")
        await cost("sz", document_of(message("U-1")), "application/cap+xml")
        for name, document in _documents().items():
            costs = [await cost(authority, document, "application/cap+xml") for authority in AUTHORITIES]
            assert costs == [costs[-1]] * len(AUTHORITIES), name
        for headers, tried in (({}, 0), (wrong | {"webhook-timestamp": "1"}, 0), (wrong, 16)):
            costs = [await cost(authority, body, "application/json", **headers) for authority in AUTHORITIES]
            assert costs == [(1, tried, 0)] * len(AUTHORITIES)


async def test_a_token_that_opens_nothing_costs_the_same_whether_it_ever_did(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown, revoked, over, or of an authority that was revoked: one statement, and nobody's token."""
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    await _authorities(deployment)
    revoked, over = [await access.create_token(settings, stores, Role.VIEWER, name) for name in ("revoked", "over")]
    await access.revoke_token(settings, stores, revoked[0])
    await deployment.query("update bearer_token set expires_at = now() where id = $1", over[0])
    redis, pool = connect(deployment.redis_url), await open_pool(deployment.database_url)
    store, work = TokenStore(pool, redis), _Work(monkeypatch)
    for token in ("qqa_" + "x" * 43, revoked[1], over[1]):
        assert await store.bearer_of(f"Bearer {token}") is None
        assert work.taken() == (1, 0, 0)
    assert await sql.access.standing(pool, [b"x"]) == set()
    await pool.close()
    await redis.aclose()
