"""The HTTP interface: roles, device reports, feed, health, metrics, and the OpenAPI document."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import msgspec
import numpy as np
import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from geo.crs import Crs, from_wgs84
from geo.index import keys
from geo.index.keys import Generations
from geo.index.reports import now_ms
from geo.index.shards import shard_of
from handlers.auth.authenticator import Authenticator
from handlers.auth.failures import Failures
from handlers.auth.limits import Limits, LimitSettings
from handlers.auth.token_store import TokenStore
from handlers.http.headers import SECURITY
from handlers.http.openapi import document
from handlers.http.roles import Proof, Role, SignedIn
from handlers.http.serving.large_bodies import LARGE_BYTES
from handlers.http.serving.turns import Turns
from handlers.routes import application
from push.alarms import AlarmBoard
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import Process, until
from tests.support.routes import route_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis import asyncio as aioredis

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

REPORT = {"user": 10_000_001, "lane": "tpns", "longitude": 114.05, "latitude": 22.54, "at": datetime.now(UTC)}


PUBLISHED = ("/v1/public/", "/console/static/")


def _table() -> list[tuple[str, str, object]]:
    return [(route.method, route.path, route.access) for route in route_table()]


def test_the_openapi_document_is_valid_and_has_every_route_and_no_other() -> None:
    """The document validates as OpenAPI 3.1 and matches the table of routes."""
    content = json.loads(document(route_table()))
    validate(content)
    operations = [operation for methods in content["paths"].values() for operation in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all("security" in one for one in operations)
    assert content["servers"]
    described = {(method.upper(), path) for path, methods in content["paths"].items() for method in methods}
    assert described == {(method, path) for method, path, _ in _table() if not path.startswith("/console")}


def test_strangers_hold_few_large_bodies_and_platforms_as_many_as_they_send() -> None:
    """What takes a large body of who has no token says how many at once; a token's holder is never turned away so."""
    large = [route for route in route_table() if route.body is not None and route.body.bytes_max > LARGE_BYTES]
    bounded = {route.path for route in large if route.body is not None and route.body.at_once is not None}
    assert bounded == {route.path for route in large if isinstance(route.access, Proof)} != set()


async def test_every_route_declares_a_role(pool: Pool, redis: aioredis.Redis) -> None:
    """The router has exactly the table's routes; those without a bearer are listed here, so none is open by mistake."""
    opened = {path for _, path, role in _table() if not isinstance(role, Role | SignedIn)}
    signing_in = {"/console/sign-in", "/console/sign-in/issuer", "/console/sign-in/callback"}
    console = signing_in | {"/console/settings", "/console/static/{name}"}
    published = {"/v1/public/alerts.atom", "/v1/public/alerts/{id}/cap", "/openapi.json"}
    intake = "/v1/intake/{authority}"
    signed = {intake, f"{intake}/notices", f"{intake}/updates", f"{intake}/countersignatures", f"{intake}/places"}
    signed |= {f"{intake}/photos"}
    # Whoever has the link that the police were told reads one photo, for an hour.
    linked = {"/v1/sightings/photos/{link}"}
    always = {"/v1/feed", "/health", "/ready", "/metrics"}
    assert opened == signed | linked | always | published | console
    assert {path for _, path, role in _table() if role is Proof.PUBLISHED} == published
    assert {role for _, _, role in _table() if not isinstance(role, SignedIn)} - set(Role) == set(Proof)
    limits = LimitSettings()
    authenticator = Authenticator(
        TokenStore(pool, redis), Limits(redis, limits), Failures(limits, AlarmBoard()), Turns(lambda: False)
    )
    served = {
        (route.method, route.resource and route.resource.canonical)
        for route in application(route_table(), authenticator).router.routes()
    }
    assert served == {(method, path) for method, path, _ in _table()}


async def test_without_a_token_nothing_is_done_and_every_answer_has_security_headers(deployment: Deployment) -> None:
    """A running server answers 401 on each route with a role; answers of every kind have the headers."""
    server = await deployment.server()
    answers: list[aiohttp.ClientResponse] = []
    async with aiohttp.ClientSession() as session:
        for method, path, role in _table():
            named = {"authority": "sz", "user": "1", "name": "none", "token": "1", "lane": "tpns", "number": "1"}
            named |= {"sighting": str(UUID(int=0)), "event": str(UUID(int=0)), "link": "none"}
            url = server.url + path.format(id="00000000-0000-0000-0000-000000000000", **named)
            for headers in ({}, {"Authorization": "Bearer qqa_unknown"}, {"Authorization": "Basic Og=="}):
                async with session.request(method, url, headers=headers) as response:
                    answers.append(response)
                    # Without a signing key no CAP is published.
                    opened = 404 if path.startswith(PUBLISHED) else 200
                    # A form that does not come from a page of ours.
                    opened = 403 if method == "POST" and path.startswith("/console/") else opened
                    # An answer of an issuer without the attempt of this browser.
                    opened = 401 if path == "/console/sign-in/callback" else opened
                    # A link that is none of ours: nobody learns what there is.
                    closed = 404 if path == "/v1/sightings/photos/{link}" else 401
                    is_open = role in {Proof.NONE, Proof.PUBLISHED}
                    assert response.status == (opened if is_open else closed), (method, path, headers)
        for method, path, status in (("GET", "/nowhere", 404), ("PUT", "/v1/alerts", 405), ("HEAD", "/v1/feed", 405)):
            async with session.request(method, server.url + path) as response:
                answers.append(response)
                assert response.status == status
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        answers.append(feed._response)  # noqa: SLF001 - aiohttp has no other way to the headers of a WebSocket's answer
    for answer in answers:
        # The description is no secret, and says for how long it may be kept.
        kept = {"Cache-Control": answer.headers["Cache-Control"]} if answer.url.path == "/openapi.json" else {}
        if answer.content_type == "text/html":
            kept = {name: answer.headers[name] for name in ("Content-Security-Policy", "Referrer-Policy")}
            assert "unsafe" not in kept["Content-Security-Policy"]
        assert answer.headers.items() >= (SECURITY | kept).items()
        assert "Server" not in answer.headers
        assert "Strict-Transport-Security" not in answer.headers
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"no HTTP at all\r\n\r\n")
    answered = (await reader.read()).decode()
    writer.close()
    assert answered.startswith("HTTP/1.0 400")
    assert not [word for word in ("aiohttp", "Python") if word in answered]


async def test_tokens_allow_what_their_role_allows(deployment: Deployment) -> None:
    """No token 401, an insufficient role 403, a revoked token 401."""
    server = await deployment.server()
    options = ("--role", "viewer", "--name", "desk", "--days", "30", "--authority", "sz")
    created = await deployment.command("token", "create", *options, "--json")
    viewer = {"Authorization": f"Bearer {created['token']}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/v1/alerts") as response:
            assert (response.status, response.content_type) == (401, "application/problem+json")
        async with session.get(f"{server.url}/v1/alerts", headers=viewer) as response:
            assert response.status == 200
        async with session.post(f"{server.url}/v1/devices", headers=viewer, json=[]) as response:
            assert response.status == 403
        async with session.get(f"{server.url}/nowhere", headers=viewer) as response:
            assert (response.status, response.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "application/msgpack"])
async def test_a_bad_report_does_not_affect_the_good_ones(
    deployment: Deployment, redis: aioredis.Redis, kind: str
) -> None:
    """In every format bad reports are named by their position, and good ones are in the index."""
    server = await deployment.server()
    reports: list[dict[str, object]] = [
        {**REPORT, "user": 1},
        {**REPORT, "user": -5},
        {**REPORT, "user": 2, "latitude": 91},
        {**REPORT, "user": 3, "lane": "pigeon"},
        {**REPORT, "user": 4, "longitude": None},
        {**REPORT, "user": 5},
    ]
    encode = msgspec.msgpack.encode if kind.endswith("msgpack") else msgspec.json.encode
    body = b"\n".join(map(encode, reports)) if kind.endswith("ndjson") else encode(reports)
    async with deployment.session() as session:
        headers = {"Content-Type": kind}
        async with session.post(f"{server.url}/v1/devices", data=body, headers=headers) as response:
            answer = await response.json()
        assert answer["accepted"] == 2
        assert [rejected["index"] for rejected in answer["rejected"]] == [1, 2, 3, 4]
        assert len(await redis.keys("geo:*")) == 2
        async with session.delete(f"{server.url}/v1/users/5") as response:
            assert response.status == 204
    assert len(await redis.keys("geo:*")) == 1


async def test_reports_in_the_systems_of_chinese_maps_are_indexed_where_the_device_is(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """One request with all three systems: three users at one place in the index."""
    server = await deployment.server()
    reports = []
    for user, crs in enumerate(Crs, 1):
        longitudes, latitudes = from_wgs84(np.array([114.05]), np.array([22.54]), crs)
        place = {"longitude": longitudes.item(), "latitude": latitudes.item(), "crs": crs}
        reports.append({**REPORT, "user": user, **place})
    body = msgspec.json.encode(reports)
    async with deployment.session() as session, session.post(f"{server.url}/v1/devices", data=body) as response:
        assert (await response.json())["accepted"] == len(Crs)
    generation = Generations().of(now_ms())
    for user in range(1, len(Crs) + 1):
        found = await redis.geopos(keys.positions(shard_of(user), "tpns", generation), user)
        assert found[0] == pytest.approx((114.05, 22.54), abs=1e-5)


async def test_a_file_of_reports_is_imported(deployment: Deployment, redis: aioredis.Redis) -> None:
    """`devices import` reads NDJSON, prints how many it accepted, and names the bad ones."""
    file = deployment.folder / "reports.ndjson"
    lines = [msgspec.json.encode({**REPORT, "user": user}) for user in range(1, 101)]
    file.write_bytes(b"\n".join([*lines, b"{}", b"garbage"]))
    assert Process("devices", "import", str(file), env=deployment.env()).wait() == 0
    assert sum([await redis.zcard(key) for key in await redis.keys("geo:*")]) == 100


async def test_large_reports_of_one_platform_are_taken_as_many_as_come_at_once(deployment: Deployment) -> None:
    """The first stands still in the middle of its body; the others, from the same address, are answered meanwhile."""
    server = await deployment.server()
    report = msgspec.json.encode([{**REPORT, "user": user} for user in range(1, 10_001)])
    held = asyncio.Event()

    async def held_back() -> AsyncIterator[bytes]:
        yield report[: len(report) // 2]
        await held.wait()
        yield report[len(report) // 2 :]

    headers = {"Authorization": f"Bearer {deployment.token}"}
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
        first = group.create_task(session.post(f"{server.url}/v1/devices", data=held_back()), name="the first")
        for _ in range(3):
            async with session.post(f"{server.url}/v1/devices", data=report) as response:
                assert (response.status, (await response.json())["accepted"]) == (200, 10_000)
        held.set()
        assert (await first).status == 200


async def test_ready_names_an_unavailable_store(deployment: Deployment) -> None:
    """Without Redis /ready is 503 and names it; /health stays 200."""
    deployment.redis_url = "redis://127.0.0.1:9"
    server = await deployment.server()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/ready") as response:
            assert (response.status, (await response.json())["stores"]["redis"]) == (503, "away")
        async with session.get(f"{server.url}/health") as response:
            assert response.status == 200


async def test_an_alert_that_cannot_meet_its_deadline_raises_an_alarm_at_intake(deployment: Deployment) -> None:
    """The estimate divided by the configured rate shows it before anything is sent."""
    await deployment.provider()
    await deployment.people(20_000)
    server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="2")
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        alert = await _filed_with_estimate(deployment, server)
        async for message in feed:
            event = message.json()
            if event["type"] == "alarm" and (event["kind"], event["alert"]) == ("late", alert):
                break
    assert (event["lane"], event["raised"]) == ("tpns", True)


async def _filed_with_estimate(deployment: Deployment, server: Process) -> str:
    """File cases until Redis has answered in time how many people there are; returns the alert of the last one."""
    answers: list[dict[str, Any]] = []

    async def has_estimate() -> bool:
        status, answer = await deployment.file(server, case_number=f"SZ-2026-{len(answers):06}")
        assert status == 202
        answers.append(answer["alert"])
        return answer["alert"]["estimate"] is not None

    await until(has_estimate)
    return str(answers[-1]["id"])


async def test_metrics_are_well_formed_and_name_nobody(deployment: Deployment) -> None:
    """The documented families are there; `promtool check metrics` finds no fault where it is installed."""
    await deployment.provider()
    await deployment.people(5000)
    own = OwnMetrics.free()
    server = await deployment.server(**own.env)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])

    async def settled() -> bool:
        return 'qq_alert_recipients_total{lane="tpns",notice="alert",outcome="accepted",ring="1"}' in await own.text()

    await until(settled)
    metrics = await own.text()
    for family in ("provider_seconds", "store_seconds", "loop_lag_seconds", "queue_batches", "lane_condition"):
        assert f"# TYPE qq_alert_{family}" in metrics
    assert "小明" not in metrics
    assert _promtool_finds(metrics) == ""


def _promtool_finds(metrics: str) -> str:
    """Return the output of `promtool check metrics`; without it, the faults that Prometheus' Python parser finds."""
    promtool = shutil.which("promtool")
    if promtool is None:
        assert list(text_string_to_metric_families(metrics))
        return ""
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, text=True, capture_output=True, check=False)
    return checked.stdout + checked.stderr
