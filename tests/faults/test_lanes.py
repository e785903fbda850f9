"""Lanes are independent: each reaches its own recipients, and one that is down or misconfigured delays no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from geo.connection import connect
from geo.index.position_index import PositionIndex
from tests.support.processes.processes import until
from tests.support.providers.lanes import ApnsLane, HuaweiLane

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process
    from tests.support.providers.lanes import DeviceLane

PEOPLE = 20_000


async def _alarms(deployment: Deployment, server: Process) -> set[str]:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        snapshot = await feed.receive_json()
    return {alarm["kind"] for alarm in snapshot["alarms"]}


async def test_each_lane_reaches_its_own_people_once(deployment: Deployment) -> None:
    """TPNS by account and Huawei by token, for one alert: each member of the audience once."""
    huawei = HuaweiLane(deployment)
    await deployment.provider()
    await huawei.start()
    accounts, devices = await deployment.people(PEOPLE), await huawei.people(PEOPLE)
    server = await deployment.server(**huawei.env())
    _, answer = await deployment.file(server)
    progress = await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), accounts)
    assert np.array_equal(await huawei.reached(), devices)
    assert (await huawei.counts())["duplicates"] == 0
    assert progress["lanes"]["huawei"]["accepted"] == devices.size


async def test_a_lane_that_is_down_holds_back_no_other_and_reaches_everybody_once_it_is_back(
    deployment: Deployment,
) -> None:
    """During Huawei's outage all of TPNS is reached; after it, all of Huawei."""
    huawei = HuaweiLane(deployment)
    await deployment.provider()
    await huawei.start()
    await huawei.control("outage", {"on": True})
    accounts, devices = await deployment.people(PEOPLE), await huawei.people(PEOPLE)
    server = await deployment.server(**huawei.env())
    _, answer = await deployment.file(server)

    async def tpns_is_done() -> bool:
        return (await deployment.reached()).size == accounts.size

    async def outage_is_alarmed() -> bool:
        return "outage" in await _alarms(deployment, server)

    await until(tpns_is_done)
    await until(outage_is_alarmed)
    assert (await huawei.reached()).size == 0
    await huawei.control("outage", {"on": False})
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await huawei.reached(), devices)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (HuaweiLane, ("--invalid-rate", "0.2")),
        (ApnsLane, ("--invalid-rate", "0.2")),
        (ApnsLane, ("--bad-token-rate", "1.0")),
    ],
    ids=["Huawei", "APNs", "the wrong environment of APNs"],
)
async def test_twenty_percent_of_bad_tokens_stop_the_lane_and_none_is_removed(
    deployment: Deployment, kind: type[DeviceLane], options: tuple[str, ...]
) -> None:
    """So many mean a configuration fault: alarm, no token removed; restarted with a good provider, all are reached."""
    lane = kind(deployment)
    await deployment.provider()
    bad = await lane.start(*options)
    devices = await lane.people(PEOPLE)
    server = await deployment.server(**lane.env(), QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    _, answer = await deployment.file(server)

    async def lane_is_stopped() -> bool:
        return "invalid_tokens" in await _alarms(deployment, server)

    await until(lane_is_stopped)
    server.end()
    redis = connect(deployment.redis_url)
    there = await PositionIndex(redis, ("tpns", lane.name)).present(lane.name, devices)
    await redis.aclose()
    assert there.all(), "a token was removed"
    before = await lane.reached()
    bad.end()
    await lane.start()
    server = await deployment.server(**lane.env(), QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    await deployment.sent(server, answer["alert"]["id"])

    async def everybody_is_reached() -> bool:
        return bool(np.isin(devices, np.union1d(before, await lane.reached())).all())

    await until(everybody_is_reached)
    assert not np.isin(before, await lane.reached()).any(), "somebody was notified twice"
