"""Withheld numbers: whatever an alert that reached a few people says of itself, it does not say how many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.alarms import alarms_of
from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DEFAULT = {"QQ_ALERT_PRIVACY__PEOPLE_MIN": "100", "QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "86400"}
COUNTS = ("found", "sent", "accepted", "invalid", "refused", "quarantined", "failed")
SMALL = {"radius_km": 5, "reason": "a small place"}


async def _views(deployment: Deployment, server: Process, alert: str) -> dict[str, Any]:
    """Return what each route says of an alert that is sent."""
    url = f"{server.url}/v1/alerts"
    async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
        metrics = await response.text()
    return {
        "feed": await deployment.sent(server, alert),
        "one": (await deployment.get(f"{url}/{alert}"))["alert"],
        "list": (await deployment.get(url))["alerts"][0],
        "summary": await deployment.get(f"{url}/{alert}/summary"),
        "alarms": await alarms_of(deployment, server),
        "metrics": [line for line in metrics.splitlines() if line.startswith(("qq_alert_recip", "qq_alert_entr"))],
    }


def _without_times(views: dict[str, Any]) -> str:
    """Return the views without what differs from one alert to another anyway: times, and who they are."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            left = {"id", "alert", "case_number", "about", "seq", "type", "states", "notices"}
            return {
                name: plain(one)
                for name, one in value.items()
                if name not in left and not name.endswith(("_at", "at")) and name not in {"deadline", "expires", "eta"}
            }
        return [plain(one) for one in value] if isinstance(value, list) else value

    return json.dumps(plain({**views, "metrics": []}), sort_keys=True)


@pytest.mark.parametrize("people", [3, 99])
async def test_an_alert_that_reached_a_few_people_looks_like_one_that_reached_nobody(
    deployment: Deployment, people: int
) -> None:
    """Alerts, feed, summary, alarms and metrics are the same for none and for a few; no number of people is left."""
    await deployment.provider()
    server = await deployment.server(**DEFAULT)
    nobody = await deployment.file(server, case_number="SZ-1", area=SMALL)
    await deployment.sent(server, nobody[1]["alert"]["id"])
    empty = await _views(deployment, server, nobody[1]["alert"]["id"])
    ended = {"reason": "done", "case_number": "SZ-1"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{nobody[1]['alert']['id']}/cancel", ended))[0] == 200
    await deployment.place([*range(1, people + 1)], SHENZHEN.longitude, SHENZHEN.latitude)
    status, few = await deployment.file(server, area=SMALL)
    assert status == 202
    await deployment.sent(server, few["alert"]["id"])
    assert (await deployment.reached()).size == people
    views = await _views(deployment, server, few["alert"]["id"])
    if people == 3:
        # What of more people falls into a sample of one in 32 may be more than the threshold by its measure.
        assert _without_times(views) == _without_times(empty)
    for view in ("feed", "one", "list"):
        for lane in views[view]["lanes"].values():
            assert lane["withheld"]
            assert lane["rate_per_s"] is None
            for counted in (lane, *lane["rings"].values()):
                assert {counted[name] for name in COUNTS} == {None}
    assert {number for counts in views["summary"]["counts"].values() for number in counts.values()} == {None}
    assert {line.split()[-1] for line in views["metrics"] if not line.startswith("#")} <= {"0.0"}
    assert str(people) not in json.dumps([one["detail"] for one in views["alarms"] if one["kind"] == "no_recipients"])


async def test_a_small_ring_is_not_the_difference_of_larger_numbers(deployment: Deployment) -> None:
    """150 people near, 40 farther out: the far ring has no numbers, the near one is rounded, the whole is exact."""
    await deployment.provider()
    await deployment.place([*range(1, 151)], SHENZHEN.longitude, SHENZHEN.latitude)
    await deployment.place([*range(1001, 1041)], SHENZHEN.longitude + 0.2, SHENZHEN.latitude)
    server = await deployment.server(**DEFAULT)
    _, answer = await deployment.file(server)
    lane = (await deployment.sent(server, answer["alert"]["id"]))["lanes"]["tpns"]
    assert (lane["sent"], lane["accepted"], lane["failed"], lane["withheld"]) == (190, 190, 0, False)
    rings = lane["rings"]
    assert (rings["1"]["sent"], rings["1"]["found"]) == (100, 100)
    assert {rings[ring][name] for ring in ("2", "3") for name in COUNTS} == {None}


async def test_one_late_entrant_changes_no_number(deployment: Deployment) -> None:
    """Who comes into the area is notified, and no count rises by one; a hundred later it has risen by a hundred."""
    await deployment.provider()
    await deployment.place([*range(1, 151)], SHENZHEN.longitude, SHENZHEN.latitude)
    await deployment.place([*range(1001, 1101)], SHENZHEN.longitude + 3, SHENZHEN.latitude)
    server = await deployment.server(**DEFAULT)
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    before = await _views(deployment, server, alert)
    await _enter(deployment, server, [1001])
    await until(lambda: _has(deployment, 151))
    await until(lambda: _nobody_waits(deployment))
    after = await _views(deployment, server, alert)
    assert after["metrics"] == before["metrics"]
    assert after["summary"]["counts"] == before["summary"]["counts"]
    assert [view["lanes"]["tpns"]["accepted"] for view in (before["one"], after["one"])] == [150, 150]
    await _enter(deployment, server, [*range(1002, 1101)])
    await until(lambda: _has(deployment, 250))

    async def risen() -> bool:
        return bool((await _views(deployment, server, alert))["one"]["lanes"]["tpns"]["accepted"] == 250)

    await until(risen)


async def test_requests_of_narrow_areas_are_refused_with_the_least_radius(deployment: Deployment) -> None:
    """A case with a circle of 1 m, and a ring of less than 5 km, are refused; a policy of its own may have less."""
    server = await deployment.server(**DEFAULT)
    status, answer = await deployment.file(server, area={"radius_km": 0.001, "reason": "this house"})
    assert (status, answer["errors"][0]["path"]) == (422, "$.area.radius_km")
    assert "at least 5 km" in answer["errors"][0]["detail"]
    _, filed = await deployment.file(server, area=SMALL)
    estimate = filed["alert"]["estimate"]
    assert (estimate["people"], estimate["withheld"], estimate["positions"]) == (None, True, None)


async def _enter(deployment: Deployment, server: Process, users: list[int]) -> None:
    """Report users at the place of the case, as the platform does."""
    at = (await deployment.query("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"))[0][0]
    place = {"lane": "tpns", "longitude": SHENZHEN.longitude, "latitude": SHENZHEN.latitude, "at": at}
    status, answer = await deployment.post(f"{server.url}/v1/devices", [{"user": user, **place} for user in users])
    assert (status, answer["rejected"]) == (200, [])


async def _has(deployment: Deployment, people: int) -> bool:
    return (await deployment.reached()).size == people


async def _nobody_waits(deployment: Deployment) -> bool:
    return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)
