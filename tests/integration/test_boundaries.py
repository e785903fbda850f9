"""Boundaries of the threat model: other origins, proxies, requests within requests, other authorities, strangers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from handlers.cap.model import MessageType
from server.administration import access
from server.administration.file_case import send_notice
from server.settings import load
from server.stores import Stores
from tests.support.alarms import alarms_of
from tests.support.cap.messages import message, pair, pin, post, signer
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.lanes import ApnsLane, WebpushLane

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment
    from tests.support.providers.lanes import TlsLane

OTHER_ORIGIN = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
SMUGGLED = b"GET /health HTTP/1.1\r\nHost: inner\r\n\r\n"
NUMBER = CASE["case_number"]


async def test_no_answer_allows_another_origin(deployment: Deployment) -> None:
    """A page of others can neither read an answer nor be allowed to send a token; and ours load nothing."""
    server = await deployment.server()
    async with deployment.session() as session:
        for method, path in (("OPTIONS", "/v1/alerts"), ("GET", "/v1/alerts"), ("GET", "/health"), ("GET", "/nowhere")):
            async with session.request(method, server.url + path, headers=OTHER_ORIGIN) as response:
                assert [name for name in response.headers if name.lower().startswith("access-control")] == []
                policy = response.headers["Content-Security-Policy"]
                for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
                    assert f"{directive} 'none'" in policy


async def test_no_header_makes_a_caller_another_address(deployment: Deployment) -> None:
    """Guesses of one address are slowed down whatever proxies they claim to have come through."""
    server = await deployment.server(QQ_ALERT_LIMITS__FAILURES_PER_MINUTE="3")

    async def status(guess: int) -> int:
        claimed = f"203.0.113.{guess}"
        headers = {"X-Forwarded-For": claimed, "X-Real-IP": claimed, "Forwarded": f"for={claimed}"}
        headers["Authorization"] = f"Bearer qqa_{guess}"
        async with session.get(f"{server.url}/v1/alerts", headers=headers) as response:
            return response.status

    async with deployment.session() as session:
        assert [await status(guess) for guess in range(5)] == [401] * 3 + [429] * 2


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 37\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
    ],
    ids=["length, then chunks", "chunks, then length", "two lengths", "chunks, then identity", "a blank", "a sign"],
)
async def test_a_request_whose_end_is_ambiguous_is_refused_with_its_connection(
    deployment: Deployment, headers: bytes
) -> None:
    """A proxy in front may see another end of it: so nothing behind it is read as a second request."""
    server = await deployment.server()
    host = server.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(b"POST /v1/intake/sz HTTP/1.1\r\nHost: " + host.encode() + b"\r\n" + headers + SMUGGLED)
    answered = await reader.read()
    writer.close()
    assert answered.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")), answered[:60]
    assert answered.count(b"HTTP/1.") == 1


async def test_an_authority_ends_or_changes_no_case_of_another(deployment: Deployment) -> None:
    """By notice or by CAP, with its own valid signature: the case of another is unknown to it, and stands."""
    await deployment.provider()
    server = await deployment.server()
    alert = (await deployment.file(server))[1]["alert"]["id"]
    first = message("SZ-2026-9")
    await pin(deployment)
    status, filed = await post(server, signer().signed(first))
    assert status == 202
    theirs = await deployment.command("authority", "add", "gz", "--name", "Guangzhou police", "--json")
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    await access.pin(settings, stores, "gz", pair("guangzhou").certificate)
    before = [await _state(deployment, server.url, one) for one in (alert, filed["alert"]["id"])]

    for notice in ("found", "cancel"):
        body = msgspec.json.encode({"case_number": NUMBER, "notice": notice, "reason": "ours, we say"})
        assert (await send_notice(server.url, "gz", theirs["secret"], body))[0] == 404
    for kind in (MessageType.UPDATE, MessageType.CANCEL):
        document = signer("guangzhou").signed(message(f"GZ-{kind.value}", kind, first))
        assert (await post(server, document, "gz"))[0] == 404
    after = [await _state(deployment, server.url, one) for one in (alert, filed["alert"]["id"])]
    assert [revision for _, revision in after] == [revision for _, revision in before]
    assert {state for state, _ in after} <= {"sending", "sent"}


async def _state(deployment: Deployment, url: str, alert: str) -> tuple[str, int]:
    seen = (await deployment.get(f"{url}/v1/alerts/{alert}"))["alert"]
    return seen["state"], seen["review"]["revision"]


@pytest.mark.parametrize("kind", [ApnsLane, WebpushLane], ids=["HTTP/2", "HTTP/1.1"])
async def test_a_provider_with_a_certificate_of_a_stranger_gets_nothing(
    deployment: Deployment, tmp_path: Path, kind: type[TlsLane]
) -> None:
    """The lane is in outage with an alarm; with the provider's own certificate it sends."""
    other = tmp_path / "other.pem"
    other.write_bytes(pair("stranger").certificate)
    await deployment.provider()
    lane = kind(deployment)
    await lane.start()
    people = await lane.people(20)
    server = await deployment.server(**lane.env(ca_file=str(other)))
    alert = (await deployment.file(server))[1]["alert"]["id"]

    async def is_out() -> bool:
        alarms = await alarms_of(deployment, server)
        return ("outage", lane.name) in {(alarm["kind"], alarm["lane"]) for alarm in alarms}

    await until(is_out)
    assert (await lane.counts())["requests"] == 0
    await asyncio.to_thread(server.end)
    server = await deployment.server(**lane.env())
    await deployment.sent(server, alert)
    assert (await lane.reached()).tolist() == people.tolist()
