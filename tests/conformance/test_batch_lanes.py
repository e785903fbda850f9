"""Batch lanes conform: whatever a provider does, everybody is reached, and the ledger holds the outcomes.

Every test sends one alert in all of these lanes at once: a server and its stores cost more than five lanes do.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geo.connection import connect
from geo.index.position_index import PositionIndex
from tests.support.processes.processes import until
from tests.support.providers.batch_lanes import BatchLane, HonorLane, HuaweiBatchLane, OppoLane, VivoLane, XiaomiLane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

    Lanes = dict[str, tuple[BatchLane, NDArray[np.int64]]]

PEOPLE = 2000
ONE_LANE = 100_000_000
"""The distance between the ids of two lanes' users, because each user is in one lane only."""

EXPIRING: list[type[BatchLane]] = [VivoLane, OppoLane, HonorLane]
LANES: list[type[BatchLane]] = [HuaweiBatchLane, XiaomiLane, *EXPIRING]
WARM = {"workers": "8", "queue_batches": "16"}
ONE_RING = {
    "QQ_ALERT_POLICIES__ONE__RINGS": "[{radius_km = 120}]",
    "QQ_ALERT_ALERT__POLICY": "one",
}
"""One ring is enough for these tests."""


@asynccontextmanager
async def _serving(
    deployment: Deployment,
    kinds: list[type[BatchLane]],
    **behaviour: Any,  # noqa: ANN401 - rates and counts
) -> AsyncIterator[Lanes]:
    """Run simulated providers that behave alike; yields each lane with the users in its area."""
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(kind(deployment).serving(**behaviour)) for kind in kinds]
        yield {
            lane.name: (lane, await lane.people(PEOPLE, first=ONE_LANE * (row + 1))) for row, lane in enumerate(lanes)
        }


async def _filed(deployment: Deployment, lanes: Lanes) -> tuple[Process, str]:
    env = {name: value for lane, _ in lanes.values() for name, value in lane.env(**WARM).items()}
    # Many small units make as many requests: every way to fail comes to pass, and no token outlives them all.
    server = await deployment.server(**ONE_RING, **env, QQ_ALERT_ALERT__UNIT_PEOPLE="20")
    _, answer = await deployment.file(server)
    return server, answer["alert"]["id"]


async def _reached_once(lanes: Lanes, progress: dict[str, Any]) -> None:
    for name, (lane, devices) in lanes.items():
        assert np.array_equal(await lane.reached(), devices), name
        assert (await lane.counts())["duplicates"] == 0, name
        assert progress["lanes"][name]["accepted"] == devices.size, name


@pytest.mark.parametrize("behaviour", [{}, {"rate_limit": 1000}, {"latency_ms": 10.0}], ids=["calm", "limited", "slow"])
async def test_everybody_is_reached_exactly_once(deployment: Deployment, behaviour: dict[str, Any]) -> None:
    """By a provider that answers at once, late, or slowly."""
    async with _serving(deployment, LANES, **behaviour) as lanes:
        server, alert = await _filed(deployment, lanes)
        await _reached_once(lanes, await deployment.sent(server, alert))


async def test_nobody_is_lost_when_requests_fail_in_every_way(deployment: Deployment) -> None:
    """Everybody is reached; twice only if the answer was lost, and then with the same collapse id."""
    async with _serving(deployment, LANES, error_rate=0.3) as lanes:
        server, alert = await _filed(deployment, lanes)
        progress = await deployment.sent(server, alert)
        for name, (lane, devices) in lanes.items():
            assert np.array_equal(await lane.reached(), devices), name
            assert progress["lanes"][name]["accepted"] == devices.size, name
            assert {"garbage", "dropped", "half answered"} <= (await lane.counts())["refused_requests"].keys(), name
            repeats = await deployment.get(f"{lane.control_url}/simulated/repeats")
            assert all(len(set(collapse_ids)) == 1 for _, collapse_ids in repeats), name


async def test_an_outage_delays_and_loses_nobody(deployment: Deployment) -> None:
    """All providers are down when the alert is filed, operators get an alarm; after it everybody is reached, once."""
    async with _serving(deployment, LANES) as lanes:
        for lane, _ in lanes.values():
            await lane.control("outage", {"on": True})
        server, alert = await _filed(deployment, lanes)

        async def outages_are_alarmed() -> bool:
            async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
                alarms = (await feed.receive_json())["alarms"]
            return {alarm["lane"] for alarm in alarms if alarm["kind"] == "outage"} >= lanes.keys()

        await until(outages_are_alarmed)
        for lane, _ in lanes.values():
            assert (await lane.reached()).size == 0, lane.name
            await lane.control("outage", {"on": False})
        await _reached_once(lanes, await deployment.sent(server, alert))


async def test_an_access_token_that_expires_during_the_sweep_is_renewed_and_nobody_is_lost(
    deployment: Deployment,
) -> None:
    """An expired token is no misconfiguration: a new one, and the same recipients."""
    async with _serving(deployment, EXPIRING, access_token_s=0.3, latency_ms=10.0) as lanes:
        server, alert = await _filed(deployment, lanes)
        await _reached_once(lanes, await deployment.sent(server, alert))
        for lane, _ in lanes.values():
            assert (await lane.counts())["access_tokens"] > 1, lane.name


async def test_one_percent_of_invalid_tokens_is_removed(deployment: Deployment) -> None:
    """They are invalid in the ledger and gone from the index; everybody else is reached."""
    async with _serving(deployment, LANES, invalid_rate=0.01) as lanes:
        server, alert = await _filed(deployment, lanes)
        progress = await deployment.sent(server, alert)
        redis = connect(deployment.redis_url)
        index = PositionIndex(redis, ("tpns", *lanes))
        for name, (lane, devices) in lanes.items():
            reached = await lane.reached()
            ended = progress["lanes"][name]
            assert 0 < ended["invalid"] == devices.size - reached.size < devices.size // 20, name
            assert ended["accepted"] == reached.size, name
            living = np.isin(devices, reached)
            await until(lambda: _present(index, name, devices, living))  # noqa: B023 - awaited before the next lane
        await redis.aclose()


async def _present(index: PositionIndex, lane: str, users: NDArray[np.int64], expected: NDArray[np.bool_]) -> bool:
    return bool((await index.present(lane, users) == expected).all())


async def test_each_is_simulated_by_a_command(deployment: Deployment) -> None:
    """`qq-alert simulate NAME`, which prints that it is simulated."""
    lanes = [kind(deployment) for kind in LANES]
    await asyncio.gather(*(lane.start() for lane in lanes))
    for lane in lanes:
        assert (await lane.counts())["simulated"] is True
