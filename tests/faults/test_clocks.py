"""Clocks that differ: what is due, what ends and who is forgotten is decided by one clock, that of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from server.administration.file_case import signed_headers
from tests.support.alarms import alarm_kinds, alarms_of, until_alarmed
from tests.support.processes.deployment import CASE
from tests.support.processes.fork import CLOCK_AHEAD_S
from tests.support.processes.processes import until
from tests.support.providers.every_lane import PEOPLE, every_lane

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


async def _alarms(deployment: Deployment, server: Process) -> set[tuple[str, str]]:
    alarms = await alarms_of(deployment, server)
    return {(alarm["kind"], alarm["about"]) for alarm in alarms}


@pytest.mark.parametrize("ahead_s", ["240", "-240"])
async def test_a_server_whose_clock_is_minutes_off_notifies_at_once_and_says_so(
    deployment: Deployment, ahead_s: str
) -> None:
    """An alert is due by the record's clock: neither four minutes late nor early."""
    await deployment.provider()
    inside = await deployment.people(2_000)
    server = await deployment.server(**{CLOCK_AHEAD_S: ahead_s})
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    off_s = (await deployment.query("select extract(epoch from now() - received_at) from alert"))[0][0]
    assert 0 <= off_s < 60
    await until(lambda: _says_so(deployment, server))


@pytest.mark.parametrize("ahead_s", ["900", "-900"])
async def test_a_server_whose_clock_is_a_quarter_of_an_hour_off_takes_what_the_police_sign(
    deployment: Deployment, ahead_s: str
) -> None:
    """A webhook of now is no replay, and a child that was seen a minute ago is not seen in the future."""
    await deployment.provider()
    inside = await deployment.people(500)
    server = await deployment.server(**{CLOCK_AHEAD_S: ahead_s})
    seen_at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    last_seen = {**CASE["last_seen"], "at": seen_at}
    status, answer = await deployment.file(server, reported_at=seen_at, last_seen=last_seen)
    assert status == 202
    await deployment.sent(server, answer["alert"]["id"])
    assert np.isin(await deployment.reached(), inside).all()
    stale = signed_headers(deployment.secret, b"{}", datetime.now(UTC) - timedelta(minutes=6))
    async with deployment.session() as session:
        answered = await session.post(f"{server.url}/v1/intake/sz", data=b"{}", headers=stale)
        assert answered.status == 401


@pytest.mark.parametrize("ahead_s", ["5400", "-5400"])
async def test_every_provider_believes_a_server_whose_clock_is_hours_off(deployment: Deployment, ahead_s: str) -> None:
    """What is signed for them has the record's time: tokens of an hour and timestamps of ten minutes are accepted."""
    async with every_lane(deployment) as every:
        await every.people(deployment)
        server = await deployment.server(**every.env, **{CLOCK_AHEAD_S: ahead_s})
        _, answer = await deployment.file(server)
        progress = await deployment.sent(server, answer["alert"]["id"])
    accepted = {name: lane["accepted"] for name, lane in progress["lanes"].items()}
    assert len(accepted) == 9
    assert min(accepted.values()) >= 2 * PEOPLE


async def _says_so(deployment: Deployment, server: Process) -> bool:
    return ("clock_differs", "postgresql") in await _alarms(deployment, server)


async def test_a_server_that_is_ahead_gives_up_nobody_near_the_expiry(deployment: Deployment) -> None:
    """Ten minutes before the end by the record's clock, eleven minutes ahead: everybody is notified, nobody failed."""
    await deployment.provider()
    inside = await deployment.people(2_000)
    server = await deployment.server(**{CLOCK_AHEAD_S: "0"}, QQ_ALERT_LANES__TPNS__URL="http://127.0.0.1:9")
    _, answer = await deployment.file(server)
    server.end()
    await deployment.query("update alert set expires = now() + interval '10 minutes'")
    server = await deployment.server(**{CLOCK_AHEAD_S: "660"})
    progress = await deployment.sent(server, answer["alert"]["id"])
    assert progress["lanes"]["tpns"]["failed"] == 0
    assert np.array_equal(await deployment.reached(), inside)


async def test_who_is_forgotten_by_a_server_that_is_ahead_is_forgotten_by_all(deployment: Deployment) -> None:
    """The other process reads the stream by the clock of Redis, whatever its own says."""
    await deployment.provider("--latency-ms", "200")
    inside = await deployment.people(30_000)
    ahead = await deployment.server(**{CLOCK_AHEAD_S: "120"}, QQ_ALERT_LANES__TPNS__WORKERS="1")
    await deployment.server(**{CLOCK_AHEAD_S: "-120"})
    gone = inside[-5:].tolist()
    async with deployment.session() as session:
        for user in gone:
            async with session.delete(f"{ahead.url}/v1/users/{user}") as response:
                assert response.status == 204
    _, answer = await deployment.file(ahead)
    await deployment.sent(ahead, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside[:-5])


@pytest.mark.parametrize("ahead_s", ["240", "-240"])
async def test_who_enters_by_a_server_whose_clock_is_minutes_off_is_notified_at_once(
    deployment: Deployment, ahead_s: str
) -> None:
    """It holds reports against what is due by the record's clock, and takes them as new: without a pass."""
    await deployment.provider()
    inside = await deployment.people(500)
    server = await deployment.server(**{CLOCK_AHEAD_S: ahead_s})
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    for longitude, latitude in ((100.0, 35.0), (114.06, 22.55)):
        at = datetime.now(UTC)
        row = {"user": 1, "lane": "tpns", "longitude": longitude, "latitude": latitude, "at": at}
        assert await deployment.post(f"{server.url}/v1/devices", [row]) == (200, {"accepted": 1, "rejected": []})

    async def is_notified() -> bool:
        return int((await deployment.counts())["distinct"]) == inside.size + 1

    await until(is_notified)
    assert (await deployment.query("select max(passes) from sweep_unit where not entrants"))[0][0] == 0


async def _sends_while_the_provider_is_down(deployment: Deployment, ahead_s: str) -> Process:
    """File an alert that cannot be sent, and return a server with another clock that goes on with it."""
    await deployment.provider()
    await deployment.people(500)
    await deployment.switch_outage(on=True)
    # Of one that is so far off no authority's signature is taken.
    right = await deployment.server(**{CLOCK_AHEAD_S: "0"})
    assert (await deployment.file(right))[0] == 202
    right.end()
    return await deployment.server(**{CLOCK_AHEAD_S: ahead_s})


async def test_an_alert_is_not_late_because_a_server_is_ahead(deployment: Deployment) -> None:
    """Forty minutes ahead, with a provider that is down: an alarm about the provider, and none that it is late."""
    server = await _sends_while_the_provider_is_down(deployment, "2400")
    await until_alarmed(deployment, server, "outage", "clock_differs")
    assert [row[0] for row in await deployment.query("select state from alert")] == ["sending"]
    assert "late" not in await alarm_kinds(deployment, server)


async def test_an_alert_is_late_although_a_server_is_behind(deployment: Deployment) -> None:
    """Forty minutes behind: that the thirty minutes of an alert ended is seen, and said."""
    server = await _sends_while_the_provider_is_down(deployment, "-2400")
    await deployment.query("update ring set deadline = now() - interval '1 minute'")
    await deployment.query("update alert set deadline = now() - interval '1 minute'")
    await until_alarmed(deployment, server, "late")
