"""The TPNS client with the simulated provider: each is as strict as its real counterpart."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from push.providers.tpns import TpnsGateway, TpnsSettings
from push.results import RecipientStatus, RequestStatus
from tests.support.processes.processes import Process
from tests.support.providers.clearances import CLEAR
from tests.support.providers.messages import message_for_tests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BASIC = "Basic " + base64.b64encode(b"simulated:simulated").decode()
REQUEST: dict[str, Any] = {
    "audience_type": "account_list",
    "message_type": "notify",
    "message": {"title": "t", "content": "c"},
    "account_list": ["1", "2"],
}


@asynccontextmanager
async def _simulated(*options: str) -> AsyncIterator[str]:
    process = Process("simulate", "tpns", *options)
    try:
        yield await process.started()
    finally:
        process.end()


@asynccontextmanager
async def _gateway(url: str, timeout_s: float = 15.0) -> AsyncIterator[TpnsGateway]:
    gateway = TpnsGateway(TpnsSettings(url=url, access_id="simulated", secret_key="simulated", timeout_s=timeout_s))
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def _scripted_server(response: web.Response) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Run a server that gives one answer to everything; yields its URL and the requests that it received."""
    seen: list[dict[str, Any]] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append({"path": request.path, "headers": dict(request.headers), "body": json.loads(await request.read())})
        return web.Response(status=response.status, body=response.body, headers=response.headers)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


async def test_a_request_has_the_documented_fields() -> None:
    """Path, authentication, accounts, product environment, expiry of at most 72 h, sound and a collapse number."""
    message = message_for_tests()
    async with _scripted_server(web.json_response({"ret_code": 0})) as (url, seen), _gateway(url) as gateway:
        answer = await gateway.send(message, [b"10000001", b"10000002"], CLEAR)
    body = seen[0]["body"]
    assert answer.request_status is RequestStatus.ANSWERED
    assert answer.statuses is None
    assert (seen[0]["path"], seen[0]["headers"]["Authorization"]) == ("/v3/push/app", BASIC)
    assert (body["audience_type"], body["account_list"]) == ("account_list", ["10000001", "10000002"])
    assert (body["environment"], body["message"]["title"]) == ("product", "寻人")
    assert 259_000 < body["expire_time"] <= 259_200
    assert body["message"]["android"]["n_id"] == message.collapse_number
    assert body["message"]["ios"]["aps"]["interruption-level"] == "time-sensitive"


@pytest.mark.parametrize(
    ("response", "request_status"),
    [
        (web.json_response({"ret_code": 1008003}), RequestStatus.MISCONFIGURED),
        (web.json_response({"ret_code": 1008001}), RequestStatus.MESSAGE_REFUSED),
        (web.json_response({"ret_code": 1008004}), RequestStatus.FAILING),
        (web.json_response({"ret_code": 1008028}), RequestStatus.THROTTLED),
        (web.json_response({"ret_code": 424242}), RequestStatus.FAILING),
        (web.json_response({"ret_code": 0, "result": "[0]"}), RequestStatus.ANSWERED),
        (web.json_response({"ret_code": 0, "result": "[0,1008006,0]"}), RequestStatus.FAILING),
        (web.json_response({"ret_code": 0, "result": "no list"}), RequestStatus.FAILING),
        (web.json_response({"other": 1}), RequestStatus.FAILING),
        (web.Response(body=b"\x00<html>"), RequestStatus.FAILING),
        (web.Response(status=401), RequestStatus.MISCONFIGURED),
        (web.Response(status=302, headers={"Location": "/"}), RequestStatus.FAILING),
        (web.Response(status=500), RequestStatus.FAILING),
        (web.Response(status=503, headers={"Retry-After": "7"}), RequestStatus.FAILING),
        (web.Response(status=429, headers={"Retry-After": "7"}), RequestStatus.THROTTLED),
        (web.Response(status=429, headers={"Retry-After": "soon"}), RequestStatus.THROTTLED),
    ],
    ids=lambda value: value.name if isinstance(value, RequestStatus) else f"{value.status} {value.body!r:.40}",
)
async def test_every_answer_has_a_result(response: web.Response, request_status: RequestStatus) -> None:
    """The table of codes, HTTP errors and garbage: a value for each, never an exception."""
    async with _scripted_server(response) as (url, _), _gateway(url) as gateway:
        answer = await gateway.send(message_for_tests(), [b"1", b"2"], CLEAR)
    assert answer.request_status is request_status
    readable = response.headers.get("Retry-After") == "7"
    assert answer.retry_after_s == (7.0 if readable else None)


async def test_an_answer_about_one_account_is_recorded_for_that_account() -> None:
    """Accepted, no device, busy, unknown: in the order of the request."""
    codes = "[0, 1008006, 1008004, 77]"
    async with (
        _scripted_server(web.json_response({"ret_code": 0, "result": codes})) as (url, _),
        _gateway(url) as gateway,
    ):
        answer = await gateway.send(message_for_tests(), [b"1", b"2", b"3", b"4"], CLEAR)
    assert answer.statuses == [
        RecipientStatus.ACCEPTED,
        RecipientStatus.INVALID,
        RecipientStatus.RETRY,
        RecipientStatus.REFUSED,
    ]


async def test_a_provider_that_hangs_or_is_unreachable_is_a_failure_in_time() -> None:
    """No answer within `timeout_s`, or a refused connection: failing."""
    async with _simulated("--hang-rate", "1") as url, _gateway(url, timeout_s=0.2) as gateway:
        hung = await gateway.send(message_for_tests(), [b"1"], CLEAR)
    async with _gateway("http://127.0.0.1:9") as gateway:
        absent = await gateway.send(message_for_tests(), [b"1"], CLEAR)
    assert (hung.request_status, absent.request_status) == (RequestStatus.FAILING, RequestStatus.FAILING)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"account_list": []}, 1008001),
        ({"account_list": ["1"] * 1001}, 1008001),
        ({"account_list": ["1" * 101]}, 1008001),
        ({"account_list": [1]}, 1008001),
        ({"audience_type": "all"}, 1008001),
        ({"message_type": "shout"}, 1008001),
        ({"environment": "test"}, 1008001),
        ({"expire_time": 259_201}, 1008001),
        ({"message": {"title": "", "content": "c"}}, 1008001),
    ],
    ids=str,
)
async def test_the_simulated_provider_checks_its_requests(change: dict[str, Any], code: int) -> None:
    """Each documented limit is enforced, and only valid requests are counted."""
    async with _simulated() as url, aiohttp.ClientSession(headers={"Authorization": BASIC}) as session:
        async with session.post(f"{url}/v3/push/app", json={**REQUEST, **change}) as response:
            assert (await response.json(content_type=None))["ret_code"] == code
        async with session.get(f"{url}/simulated/counts") as response:
            counts = await response.json()
    assert counts["simulated"] is True
    assert counts["accepted"] == (2 if code == 0 else 0)


async def test_the_simulated_provider_refuses_bad_credentials_and_counts_repeats() -> None:
    """Bad credentials are 1008003; an account reached three times is one account and two duplicates."""
    async with _simulated() as url, aiohttp.ClientSession() as session:
        async with session.post(f"{url}/v3/push/app", json=REQUEST) as response:
            assert (await response.json(content_type=None))["ret_code"] == 1008003
        for _ in range(3):
            await session.post(f"{url}/v3/push/app", json=REQUEST, headers={"Authorization": BASIC})
        async with session.get(f"{url}/simulated/counts") as response:
            counts = await response.json()
    assert (counts["distinct"], counts["duplicates"], counts["max_per_account"]) == (2, 4, 3)
