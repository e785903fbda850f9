"""The police webhook: a signed, well-formed, new case is sent; all others get a clear refusal."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import numpy as np
import pytest

from geo.crs import Crs, from_wgs84
from server.administration.file_case import signed_headers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = msgspec.json.encode(CASE)


async def _post(
    deployment: Deployment, server: Process, body: bytes, headers: dict[str, str] | None = None, authority: str = "sz"
) -> tuple[int, dict[str, Any], str]:
    signed = signed_headers(deployment.secret, body) if headers is None else headers
    url = f"{server.url}/v1/intake/{authority}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=signed) as response:
        return response.status, json.loads(await response.read()), response.content_type


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    case = copy.deepcopy(CASE)
    change(case)
    return msgspec.json.encode(case)


async def test_a_new_case_becomes_an_alert_with_deadline_and_estimate(deployment: Deployment) -> None:
    """202 with the alert: deadline 30 minutes and expiry 72 hours after receipt."""
    server = await deployment.server()
    status, answer, _ = await _post(deployment, server, BODY)
    alert = answer["alert"]
    received = datetime.fromisoformat(alert["received_at"])
    assert status == 202
    assert datetime.fromisoformat(alert["deadline"]) - received == timedelta(minutes=30)
    assert datetime.fromisoformat(alert["expires"]) - received == timedelta(hours=72)
    assert alert["area"]["circle"]["radius_km"] == 120
    assert alert["estimate"]["people"] == 0
    assert "小明" not in json.dumps(answer, ensure_ascii=False)


async def test_a_retry_gets_the_first_answer_even_after_a_restart(deployment: Deployment) -> None:
    """The same webhook-id again: the first answer, one alert."""
    server = await deployment.server()
    headers = signed_headers(deployment.secret, BODY)
    first = await _post(deployment, server, BODY, headers)
    assert await _post(deployment, server, BODY, headers) == first
    server.end()
    server = await deployment.server()
    assert await _post(deployment, server, BODY, headers) == first
    assert len((await deployment.get(f"{server.url}/v1/alerts"))["alerts"]) == 1


async def test_a_case_number_is_used_once(deployment: Deployment) -> None:
    """The same content under a new webhook-id: 200 and the same alert; other content: 409, and no change."""
    server = await deployment.server()
    _, first, _ = await _post(deployment, server, BODY)
    status, again, _ = await _post(deployment, server, BODY)
    assert (status, again["alert"]["id"]) == (200, first["alert"]["id"])
    status, problem, kind = await _post(deployment, server, _changed(lambda case: case["child"].update(age=7)))
    assert (status, kind) == (409, "application/problem+json")
    assert "stands" in problem["detail"]


async def test_a_webhook_id_used_for_another_case_is_refused_loudly(deployment: Deployment) -> None:
    """Another child's case under a used id is a 409, never the first one's 202."""
    server = await deployment.server()
    await _post(deployment, server, BODY, signed_headers(deployment.secret, BODY, webhook_id="msg_1"))
    other = _changed(lambda case: case.update(case_number="SZ-2"))
    status, _, _ = await _post(deployment, server, other, signed_headers(deployment.secret, other, webhook_id="msg_1"))
    assert status == 409


async def test_all_unauthenticated_requests_get_the_same_answer(deployment: Deployment) -> None:
    """Unsigned, badly signed, unknown authority, too old, too new, garbled: 401 with the same body."""
    server = await deployment.server()
    now = datetime.now(UTC)
    good = signed_headers(deployment.secret, BODY)
    attempts: list[tuple[dict[str, str], str]] = [
        ({}, "sz"),
        (good, "nobody"),
        ({**good, "webhook-signature": "v1,AAAA"}, "sz"),
        ({**good, "webhook-signature": "nonsense"}, "sz"),
        ({**good, "webhook-signature": "v1,%%%,x v1"}, "sz"),
        ({**good, "webhook-id": "msg_other"}, "sz"),
        ({**good, "webhook-timestamp": "nan"}, "sz"),
        (signed_headers(deployment.secret, BODY, now - timedelta(minutes=6)), "sz"),
        (signed_headers(deployment.secret, BODY, now + timedelta(minutes=6)), "sz"),
        (signed_headers("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCEhISE=", BODY), "sz"),
    ]
    answers = [await _post(deployment, server, BODY, headers, authority) for headers, authority in attempts]
    assert {answer[0] for answer in answers} == {401}
    assert len({json.dumps(answer[1]) for answer in answers}) == 1
    assert (await deployment.get(f"{server.url}/v1/alerts"))["alerts"] == []


async def test_a_rotated_secret_works_beside_the_old_one_and_a_revoked_authority_not_at_all(
    deployment: Deployment,
) -> None:
    """During a rotation both secrets are valid; after revocation none is."""
    server = await deployment.server()
    new = (await deployment.command("authority", "rotate", "sz", "--json"))["secret"]
    assert (await _post(deployment, server, BODY))[0] == 202
    assert (await _post(deployment, server, BODY, signed_headers(new, BODY)))[0] == 200
    process = Process("authority", "revoke", "sz", env=deployment.env())
    assert process.wait() == 0
    assert (await _post(deployment, server, BODY, signed_headers(new, BODY)))[0] == 401


async def test_every_bad_field_is_named_at_once(deployment: Deployment) -> None:
    """422 with all paths; nothing is stored."""
    server = await deployment.server()
    body = _changed(
        lambda case: (
            case["child"].update(age="six", shoe=3),
            case["last_seen"].update(latitude=91, at="yesterday"),
            case.pop("contact"),
        )
    )
    status, problem, kind = await _post(deployment, server, body)
    paths = {error["path"] for error in problem["errors"]}
    assert (status, kind) == (422, "application/problem+json")
    assert paths == {"$.child.age", "$.child.shoe", "$.last_seen.latitude", "$.last_seen.at", "$.contact"}


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case["last_seen"].pop("longitude"),
        lambda case: case["last_seen"].update(longitude=0, latitude=0),
        lambda case: case["last_seen"].update(crs="epsg3857"),
    ],
    ids=["no longitude", "null island", "a crs we cannot convert"],
)
async def test_a_case_that_cannot_be_sent_safely_is_refused(
    deployment: Deployment, change: Callable[[dict[str, Any]], object]
) -> None:
    """No place, or an impossible one: 422, and nothing is stored."""
    server = await deployment.server()
    status, _, _ = await _post(deployment, server, _changed(change))
    assert status == 422
    assert (await deployment.get(f"{server.url}/v1/alerts"))["alerts"] == []


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
async def test_a_place_from_a_chinese_map_is_converted(deployment: Deployment, crs: Crs) -> None:
    """The area's centre is the WGS-84 of the place on the police's map, hundreds of metres away."""
    server = await deployment.server()
    longitudes, latitudes = from_wgs84(np.array([114.0579]), np.array([22.5431]), crs)
    shown = {"longitude": longitudes.item(), "latitude": latitudes.item(), "crs": crs}
    _, answer, _ = await _post(deployment, server, _changed(lambda case: case["last_seen"].update(shown)))
    centre = answer["alert"]["area"]["circle"]
    assert (centre["longitude"], centre["latitude"]) == pytest.approx((114.0579, 22.5431), abs=1e-8)


async def test_bodies_that_are_too_large_or_no_json_are_refused(deployment: Deployment) -> None:
    """Over 64 KiB: 413 before any signature is verified; signed garbage: 422."""
    server = await deployment.server()
    assert (await _post(deployment, server, b"x" * 65_537))[0] == 413
    for garbage in (b"{", b"[]", b"\xff\xfe", b"[" * 20_000):
        headers = signed_headers(deployment.secret, b"x") if garbage == b"\xff\xfe" else None
        status, problem, _ = await _post(deployment, server, garbage, headers)
        assert status == 422
        assert not headers or "UTF-8" in problem["detail"], "no secrets are tried"
