"""A provider that turns hostile costs its own lane an outage, and no other lane anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.hostile.http1 import HTTP1_FLOODS
from tests.support.hostile.http2 import FLOODS
from tests.support.hostile.provider import HostileProvider
from tests.support.processes.processes import until
from tests.support.providers.lanes import ApnsLane, HuaweiLane

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.providers.lanes import DeviceLane

PEOPLE = 20_000


def _http2() -> HostileProvider:
    return HostileProvider(FLOODS["farewells"])


def _http1() -> HostileProvider:
    flood = HTTP1_FLOODS["interim answers"]
    return HostileProvider(flood.flood, flood.before, http2=False)


@pytest.mark.parametrize(("kind", "hostile"), [(ApnsLane, _http2), (HuaweiLane, _http1)], ids=["HTTP/2", "HTTP/1.1"])
async def test_a_hostile_provider_is_an_outage_of_its_lane_and_nobody_is_lost_or_notified_twice(
    deployment: Deployment, kind: type[DeviceLane], hostile: object
) -> None:
    """All of TPNS is reached meanwhile; once the lane has a provider again, all of its people are, each once."""
    lane = kind(deployment)
    await deployment.provider()
    await lane.start()
    accounts, devices = await deployment.people(PEOPLE), await lane.people(PEOPLE)
    with hostile() as provider:  # type: ignore[operator]
        server = await deployment.server(**lane.env(url=provider.url))
        _, answer = await deployment.file(server)

        async def tpns_is_done() -> bool:
            return (await deployment.reached()).size == accounts.size

        async def outage_is_alarmed() -> bool:
            async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
                snapshot = await feed.receive_json()
            return "outage" in {alarm["kind"] for alarm in snapshot["alarms"]}

        await until(tpns_is_done)
        await until(outage_is_alarmed)
        assert np.array_equal(await deployment.reached(), accounts)
        assert (await deployment.counts())["duplicates"] == 0
        assert (await lane.reached()).size == 0
        await asyncio.to_thread(server.end)
    server = await deployment.server(**lane.env())
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await lane.reached(), devices)
    assert (await lane.counts())["duplicates"] == 0
    assert np.array_equal(await deployment.reached(), accounts)
