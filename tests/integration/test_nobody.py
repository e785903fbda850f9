"""Alerts that tell nobody: why is said at once to operators, and the estimate counts no more than can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Bench
    from tests.support.processes.processes import Process

FAST = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}


async def _alarms(bench: Bench, server: Process) -> dict[str, str]:
    async with bench.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        return {one["kind"]: one["detail"] for one in (await feed.receive_json())["alarms"]}


async def _says(bench: Bench, server: Process, words: str) -> bool:
    return words in (await _alarms(bench, server)).get("no_recipients", "")


def _people(estimate: dict[str, Any]) -> list[int]:
    rings = [count for ring in estimate["rings"] for count in (ring["people"], ring["high"])]
    return [estimate["people"], estimate["high"], *rings, *(lane["high"] for lane in estimate["lanes"].values())]


async def test_a_test_without_a_simulated_lane_is_an_alarm_and_its_estimate_nobody(bench: Bench) -> None:
    """It is through at once, which must not look like everybody was told; the provider hears of nothing."""
    await bench.provider()
    await bench.people(500)
    server = await bench.server()
    _, answer = await bench.file(server, status="test")
    assert set(_people(answer["alert"]["estimate"])) == {0}
    await until(lambda: _says(bench, server, "none is"))
    assert (await bench.counts())["requests"] == 0


async def test_an_exercise_of_nobody_is_an_alarm_until_somebody_is_enrolled(bench: Bench) -> None:
    """The estimate has at most as many as are enrolled, whoever else stands there."""
    await bench.provider()
    inside = await bench.people(500)
    server = await bench.server(**FAST)
    _, answer = await bench.file(server, status="exercise")
    assert set(_people(answer["alert"]["estimate"])) == {0}
    await until(lambda: _says(bench, server, "enrolled"))
    await bench.run("exercise", "enrol", *map(str, inside[:3]))

    async def is_over() -> bool:
        return "no_recipients" not in await _alarms(bench, server)

    async def are_told() -> bool:
        return set((await bench.reached()).tolist()) == set(inside[:3].tolist())

    await until(are_told)
    await until(is_over)
    _, answer = await bench.file(server, status="exercise", case_number="E-2")
    assert answer["alert"]["estimate"]["people"] == 3
    assert max(_people(answer["alert"]["estimate"])) == 3


@pytest.mark.parametrize("status", ["actual", "exercise"])
async def test_a_place_where_nobody_stands_is_an_alarm(bench: Bench, status: str) -> None:
    """Two coordinates that were mixed up, or an index that is empty, look like that."""
    await bench.provider()
    server = await bench.server()
    await bench.file(server, status=status)
    await until(lambda: _says(bench, server, "stands in its area"))


async def test_an_alert_that_is_held_at_the_cap_is_no_alert_of_nobody(bench: Bench) -> None:
    """One alarm says what is to be decided; another one that points elsewhere would cost the thirty minutes."""
    await bench.provider()
    await bench.people(500)
    server = await bench.server(QQ_ALERT_ALERT__AUDIENCE_CAP="10")
    _, answer = await bench.file(server)

    async def is_held() -> bool:
        return "audience_cap" in await _alarms(bench, server)

    await bench.sent(server, answer["alert"]["id"])
    await until(is_held)
    assert "no_recipients" not in await _alarms(bench, server)


async def test_a_wider_exercise_counts_who_is_enrolled_too(bench: Bench) -> None:
    """The cap on people is no cap on who stands there and hears of nothing."""
    await bench.provider()
    inside = await bench.people(2000)
    server = await bench.server(QQ_ALERT_ALERT__AUDIENCE_CAP="100")
    await bench.run("exercise", "enrol", *map(str, inside[:3]))
    _, answer = await bench.file(server, status="exercise")
    alert = answer["alert"]["id"]
    await bench.sent(server, alert)
    change_request = {"reason": "because of a test", "case_number": CASE["case_number"], "radius_km": 300}
    assert (await bench.post(f"{server.url}/v1/alerts/{alert}/rings", change_request))[0] == 200
