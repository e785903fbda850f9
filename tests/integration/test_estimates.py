"""Estimates over HTTP: the audience that an alert would have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.processes.deployment import SHENZHEN, Deployment
from tests.support.stores import boundaries

PLACE = {"longitude": SHENZHEN.longitude, "latitude": SHENZHEN.latitude}


async def test_an_estimate_has_rings_lanes_ages_and_the_margin_to_the_deadline(deployment: Deployment) -> None:
    """People by ring and lane, with an interval beside the exact count, and when each lane would be done."""
    inside = await deployment.people(50_000)
    server = await deployment.server(**boundaries.env(), QQ_ALERT_LANES__TPNS__RATE_PER_S="10")
    status, answer = await deployment.post(f"{server.url}/v1/estimates", PLACE)
    assert status == 200
    assert answer["area"]["city"] == "440300"
    estimate: dict[str, Any] = answer["estimate"]
    # Of 95% intervals one in twenty misses the count; none misses it by another width, unless it is wrong.
    width = estimate["high"] - estimate["low"]
    assert estimate["low"] - width <= inside.size <= estimate["high"] + width
    assert [ring["ring"] for ring in estimate["rings"]] == [1, 2, 3]
    assert sum(ring["people"] for ring in estimate["rings"]) == estimate["people"]
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
        status, answer = await deployment.post(
            f"{server.url}/v1/estimates", {**PLACE, "policy": policy, "radius_km": 300}
        )
        assert status == 200
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
