"""Alerts without recipients: operators learn the reason at once, and the estimate counts only reachable people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

FAST = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}


async def _alarms(deployment: Deployment, server: Process) -> dict[str, str]:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        return {one["kind"]: one["detail"] for one in (await feed.receive_json())["alarms"]}


async def _says(deployment: Deployment, server: Process, words: str) -> bool:
    return words in (await _alarms(deployment, server)).get("no_recipients", "")


def _people(estimate: dict[str, Any]) -> list[int]:
    rings = [count for ring in estimate["rings"] for count in (ring["people"], ring["high"])]
    return [estimate["people"], estimate["high"], *rings, *(lane["high"] for lane in estimate["lanes"].values())]


async def test_a_test_without_a_simulated_lane_is_an_alarm_and_its_estimate_is_zero(deployment: Deployment) -> None:
    """It is done at once, which must not look like success; the provider gets no request."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server()
    _, answer = await deployment.file(server, status="test")
    assert set(_people(answer["alert"]["estimate"])) == {0}
    await until(lambda: _says(deployment, server, "none is"))
    assert (await deployment.counts())["requests"] == 0


async def test_an_exercise_without_enrolled_users_is_an_alarm_until_one_is_enrolled(deployment: Deployment) -> None:
    """The estimate is at most the number of enrolled users, however many people are in the area."""
    await deployment.provider()
    inside = await deployment.people(500)
    server = await deployment.server(**FAST)
    _, answer = await deployment.file(server, status="exercise")
    assert set(_people(answer["alert"]["estimate"])) == {0}
    await until(lambda: _says(deployment, server, "enrolled"))
    await deployment.run("exercise", "enrol", *map(str, inside[:3]))

    async def is_over() -> bool:
        return "no_recipients" not in await _alarms(deployment, server)

    async def are_notified() -> bool:
        return set((await deployment.reached()).tolist()) == set(inside[:3].tolist())

    await until(are_notified)
    await until(is_over)
    _, answer = await deployment.file(server, status="exercise", case_number="E-2")
    assert answer["alert"]["estimate"]["people"] == 3
    assert max(_people(answer["alert"]["estimate"])) == 3


@pytest.mark.parametrize("status", ["actual", "exercise"])
async def test_an_area_without_people_is_an_alarm(deployment: Deployment, status: str) -> None:
    """Exchanged coordinates or an empty index have this result."""
    await deployment.provider()
    server = await deployment.server()
    await deployment.file(server, status=status)
    await until(lambda: _says(deployment, server, "stands in its area"))


async def test_an_alert_held_at_the_cap_does_not_raise_the_alarm_of_no_recipients(deployment: Deployment) -> None:
    """One alarm names the decision to make; a second, misleading one would cost time."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="10")
    _, answer = await deployment.file(server)

    async def is_held() -> bool:
        return "audience_cap" in await _alarms(deployment, server)

    await deployment.sent(server, answer["alert"]["id"])
    await until(is_held)
    assert "no_recipients" not in await _alarms(deployment, server)


async def test_widening_an_exercise_counts_only_enrolled_users(deployment: Deployment) -> None:
    """The audience cap does not count people whom an exercise never reaches."""
    await deployment.provider()
    inside = await deployment.people(2000)
    server = await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="100")
    await deployment.run("exercise", "enrol", *map(str, inside[:3]))
    _, answer = await deployment.file(server, status="exercise")
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    request = {"reason": "because of a test", "case_number": CASE["case_number"], "radius_km": 300}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", request))[0] == 200
