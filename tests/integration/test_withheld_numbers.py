"""Withheld numbers: whatever an alert that reached a few people says of itself, it does not say how many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.support.alarms import alarms_of
from tests.support.entering import enter, nobody_waits
from tests.support.processes.deployment import SHENZHEN
from tests.support.processes.own_metrics import metrics_text
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

DEFAULT = {"QQ_ALERT_PRIVACY__PEOPLE_MIN": "100", "QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "86400"}
COUNTS = ("found", "sent", "accepted", "invalid", "refused", "quarantined", "failed")
TIMES = {"deadline", "expires", "eta"}
SMALL = {"radius_km": 5, "reason": "a small place"}


async def _views(deployment: Deployment, server: Process, alert: str) -> dict[str, Any]:
    """Return what each route says of an alert that is sent."""
    url = f"{server.url}/v1/alerts"
    metrics = await metrics_text(server.url)
    return {
        "feed": await deployment.sent(server, alert),
        "one": (await deployment.get(f"{url}/{alert}"))["alert"],
        "list": (await deployment.get(url))["alerts"][0],
        "summary": await deployment.get(f"{url}/{alert}/summary"),
        "rates": await deployment.get(f"{url}/{alert}/rates"),
        "funnel": await deployment.get(f"{url}/{alert}/funnel"),
        "area": await deployment.get(f"{url}/{alert}/area"),
        "alarms": await alarms_of(deployment, server),
        "metrics": [line for line in metrics.splitlines() if line.startswith(("qq_alert_recip", "qq_alert_entr"))],
    }


def _without_times(views: dict[str, Any]) -> str:
    """Return the views without what differs from one alert to another anyway: who they are, and when.

    Whether there is a time at all, and how many there are, is no such thing.
    """

    def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            left = {"id", "alert", "case_number", "about", "seq", "type"}
            return {
                name: one is not None if name.endswith("at") or name in TIMES else plain(one)
                for name, one in value.items()
                if name not in left
            }
        return [plain(one) for one in value] if isinstance(value, list) else value

    return json.dumps(plain({**views, "metrics": []}), sort_keys=True, indent=1)


@pytest.mark.parametrize("people", [3, 99])
async def test_an_alert_that_reached_a_few_people_looks_like_one_that_reached_nobody(
    deployment: Deployment, people: int
) -> None:
    """Each view is the same for none and for a few, to whether it has a time and how many; no number is left."""
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
    await until(lambda: _are_noted(deployment, few["alert"]["id"], people))
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
    await enter(deployment, server, [1001])
    await until(lambda: _has(deployment, 151))
    await until(lambda: nobody_waits(deployment))
    after = await _views(deployment, server, alert)
    assert after["metrics"] == before["metrics"]
    assert after["summary"] == before["summary"]
    assert after["rates"] == before["rates"]
    assert after["one"] == before["one"]
    assert [view["lanes"]["tpns"]["accepted"] for view in (before["one"], after["one"])] == [150, 150]
    await enter(deployment, server, [*range(1002, 1101)])
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


async def _has(deployment: Deployment, people: int) -> bool:
    return (await deployment.reached()).size == people


async def _are_noted(deployment: Deployment, alert: str, people: int) -> bool:
    """Tell whether the history of rates has everybody of an alert."""
    rows = await deployment.query("select coalesce(max(settled), 0) from rate_sample where alert_id = $1", UUID(alert))
    return bool(rows[0][0] == people)
