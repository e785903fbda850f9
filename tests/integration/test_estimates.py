"""Estimates over HTTP: the audience that an alert would have."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support.processes.deployment import SHENZHEN, Deployment
from tests.support.processes.processes import Process, until
from tests.support.stores import boundaries

PLACE = {"longitude": SHENZHEN.longitude, "latitude": SHENZHEN.latitude}


async def test_an_estimate_has_rings_lanes_ages_and_the_margin_to_the_deadline(deployment: Deployment) -> None:
    """People by ring and lane, with an interval beside the exact count, and when each lane would be done."""
    inside = await deployment.people(50_000)
    server = await deployment.server(**boundaries.env(), QQ_ALERT_LANES__TPNS__RATE_PER_S="10")
    answer = await _estimated(deployment, server, PLACE)
    assert answer["area"]["city"] == "440300"
    estimate: dict[str, Any] = answer["estimate"]
    # Of 95% intervals one in twenty misses the count; none misses it by another width, unless it is wrong.
    width = estimate["high"] - estimate["low"]
    assert estimate["low"] - width <= inside.size <= estimate["high"] + width
    assert [ring["ring"] for ring in estimate["rings"]] == [1, 2, 3]
    # Each number is rounded to two digits, so that their sum is not the whole to the last one.
    assert sum(ring["people"] for ring in estimate["rings"]) == pytest.approx(estimate["people"], rel=0.05)
    assert all(ring["lanes"]["tpns"]["people"] == ring["people"] for ring in estimate["rings"])
    lane = estimate["lanes"]["tpns"]
    assert lane["finish_s"] == pytest.approx(estimate["people"] / 10)
    assert lane["margin_s"] == pytest.approx(1800 - lane["finish_s"])
    assert estimate["positions"]["median_h"] == 0.0
    _, filed = await deployment.file(server)
    assert set(filed["alert"]["estimate"]) == set(estimate)


async def test_an_estimate_stores_and_sends_nothing(deployment: Deployment) -> None:
    """After estimates for two policies there is no alert."""
    server = await deployment.server()
    for policy in ("qq", "tuanyuan"):
        answer = await _estimated(deployment, server, {**PLACE, "policy": policy, "radius_km": 300})
        assert answer["rings"][-1]["radius_km"] == 300
    assert (await deployment.query("select count(*) from alert"))[0][0] == 0


async def test_an_estimate_that_cannot_be_made_is_refused_with_the_reason(deployment: Deployment) -> None:
    """Unknown policy, too wide, no place: each is named; only operators' roles may request one."""
    server = await deployment.server()
    for asked, path in (
        ({**PLACE, "policy": "nobody"}, "$.policy"),
        ({**PLACE, "radius_km": 900}, "$.radius_km"),
        ({"longitude": 114.0}, "$"),
        ({"city": "440300"}, "$"),
        ({**PLACE, "latitude": 114.0}, "$.latitude"),
        ({**PLACE, "authority": "nobody"}, "$.authority"),
    ):
        status, answer = await deployment.post(f"{server.url}/v1/estimates", asked)
        assert status == 422
        assert answer["errors"][0]["path"] == path


DEFAULT = {"QQ_ALERT_PRIVACY__PEOPLE_MIN": "100", "QQ_ALERT_LIMITS__ESTIMATES_PER_HOUR": "3600"}
"""So many that who is told to ask again may."""


def _numbers(estimate: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every number of people in an estimate, with its interval."""
    rings = estimate["rings"]
    return [estimate, *rings, *estimate["lanes"].values(), *(one for ring in rings for one in ring["lanes"].values())]


async def _estimated(deployment: Deployment, server: Process, asked: dict[str, Any], token: str = "") -> dict[str, Any]:
    """Return the answer with an estimate; on a busy machine the index may not answer in time, and is asked again."""
    found: dict[str, Any] = {}

    async def is_estimated() -> bool:
        status, answer = await deployment.post(f"{server.url}/v1/estimates", asked, token)
        assert status in {200, 429, 503}, answer
        found.update(answer)
        return status == 200 and answer["estimate"] is not None

    await until(is_estimated)
    return found


async def test_fewer_people_than_the_threshold_are_no_number(deployment: Deployment) -> None:
    """Nobody and one person have the same answer: null, without interval, time or age; a crowd has numbers."""
    server = await deployment.server(**DEFAULT, QQ_ALERT_LANES__TPNS__RATE_PER_S="10")
    answers = []
    for users in ([], [1]):
        await deployment.place(users, **PLACE)
        answer = await _estimated(deployment, server, {**PLACE, "radius_km": 10})
        answers.append({name: answer[name] for name in ("area", "estimate")})
    assert answers[0] == answers[1]
    one = answers[0]["estimate"]
    assert {(number["people"], number["low"], number["high"], number["withheld"]) for number in _numbers(one)} == {
        (None, None, None, True)
    }
    assert one["lanes"]["tpns"]["finish_s"] is None
    assert one["positions"] is None
    await deployment.place([*range(1, 50_000)], **PLACE)
    crowd: dict[str, Any] = {}
    shown: list[dict[str, Any]] = []

    async def is_shown() -> bool:
        # On a busy machine the sample may end with one shard, of which nothing is shown.
        crowd.update(await _estimated(deployment, server, {**PLACE, "radius_km": 10}))
        shown[:] = [one for one in _numbers(crowd["estimate"]) if not one["withheld"]]
        return len(shown) >= 3

    await until(is_shown)
    for number in shown:
        assert number["people"] >= 100
        assert all((number[name] or 0) % 100 == 0 for name in ("people", "low", "high"))
    assert crowd["estimate"]["positions"]["sampled"] % 100 == 0


async def test_the_radius_has_a_least_one_and_neighbouring_places_one_answer(deployment: Deployment) -> None:
    """1 m and 4.9 km are refused; places some hundred metres apart, and radii in between, have one answer."""
    await deployment.people(20_000)
    server = await deployment.server(**DEFAULT)
    for radius_km in (0.001, 1, 4.9):
        status, answer = await deployment.post(f"{server.url}/v1/estimates", {**PLACE, "radius_km": radius_km})
        assert (status, answer["errors"][0]["path"]) == (422, "$.radius_km")
    answers: list[Any] = []

    async def is_one_answer() -> bool:
        # On a busy machine one may be cut off by its time, with fewer positions than the others.
        answers.clear()
        for east, radius_km in ((0.0, 30), (0.004, 30.2), (-0.006, 29.8), (0.0, 30)):
            asked = {"longitude": 114.06 + east, "latitude": 22.54 + east, "radius_km": radius_km}
            answer = await _estimated(deployment, server, asked)
            answers.append((answer["area"], answer["estimate"]))
        return answers.count(answers[0]) == len(answers)

    await until(is_one_answer)
    assert answers[0][0]["circle"] == {"longitude": 114.05, "latitude": 22.55, "radius_km": 30.0}


async def test_narrow_rings_of_a_policy_are_estimated_at_the_least_radius(deployment: Deployment) -> None:
    """A policy with a ring of 500 m serves a case; for an estimate, whose place anybody chooses, it is 5 km."""
    narrow = {
        "QQ_ALERT_POLICIES__NEAR__RINGS": "[{radius_km = 0.5}, {radius_km = 30}]",
        "QQ_ALERT_PRIVACY__RADIUS_MIN_KM": "5",
    }
    server = await deployment.server(**narrow)
    answer = await _estimated(deployment, server, {**PLACE, "policy": "near"})
    assert [ring["radius_km"] for ring in answer["rings"]] == [5.0, 30.0]


async def test_estimates_of_a_token_have_a_quota_and_leave_an_event_each(deployment: Deployment) -> None:
    """Three in an hour: the fourth is 429 with Retry-After; the trail has who asked about which rounded place."""
    server = await deployment.server(QQ_ALERT_LIMITS__ESTIMATES_PER_HOUR="3")
    url = f"{server.url}/v1/estimates"
    asked = {**PLACE, "radius_km": 20}
    assert [(await deployment.post(url, asked))[0] for _ in range(4)] == [200, 200, 200, 429]
    async with deployment.session() as session, session.post(url, json=asked) as response:
        assert response.status == 429
        assert 0 < int(response.headers["Retry-After"]) <= 1200
    colleague = await deployment.colleague()
    assert (await deployment.post(url, asked, colleague))[0] == 200
    rows = await deployment.query("select content from audit_event order by seq")
    events = [event for (text,) in rows if (event := msgspec.json.decode(text)["event"])["action"] == "estimate"]
    assert [event["actor"] for event in events] == ["admin test"] * 3 + ["approver colleague"]
    assert events[0]["details"]["circle"] == {"longitude": 114.05, "latitude": 22.55, "radius_km": 20.0}


async def test_an_officer_estimates_within_the_own_jurisdiction(deployment: Deployment) -> None:
    """Elsewhere, and for another authority, it is refused; within, whoever stands outside is not counted."""
    limits = deployment.folder / "limits.geojson"
    limits.write_text(
        msgspec.json.encode(
            {
                "type": "Polygon",
                "coordinates": [[[113.9, 22.4], [114.3, 22.4], [114.3, 22.7], [113.9, 22.7], [113.9, 22.4]]],
            }
        ).decode()
    )
    await deployment.run("authority", "limit", "sz", "--jurisdiction", str(limits))
    await deployment.command("authority", "add", "gz", "--name", "Guangzhou", "--json")
    officer = await deployment.command(
        "token", "create", "--role", "viewer", "--name", "Wu", "--authority", "sz", "--json"
    )
    await deployment.place([*range(1, 30_000)], 114.8, 22.55)
    server = await deployment.server(**DEFAULT)
    url = f"{server.url}/v1/estimates"
    answer = await _estimated(deployment, server, {**PLACE, "radius_km": 120}, officer["token"])
    assert answer["estimate"]["people"] is None
    assert (await deployment.post(url, {"longitude": 116.4, "latitude": 39.9}, officer["token"]))[0] == 422
    assert (await deployment.post(url, {**PLACE, "authority": "gz"}, officer["token"]))[0] == 403
    everywhere = await _estimated(deployment, server, {**PLACE, "radius_km": 120})
    assert everywhere["estimate"]["people"] is not None
