"""Token lanes conform: whatever APNs and FCM do, everybody is reached, and repeats replace the message on the phone.

Every test sends one alert in both lanes at once: a server and its stores cost more than two lanes do.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.processes.processes import until
from tests.support.providers.lanes import ApnsLane, FcmLane, TlsLane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

    Lanes = Sequence[tuple[TlsLane, NDArray[np.int64]]]

PEOPLE, MANY = 1500, 5000
LIMITED = 80
"""At 20 a second: a slow machine is still faster than that."""
"""The simulated providers are strict, not fast."""

ONE_LANE = 100_000_000
WORKERS, BATCH = 2, 500
KILLS = 3
IN_TIME = {"timeout_s": "1"}


async def _lanes(deployment: Deployment, *options: str, people: int = PEOPLE) -> Lanes:
    """Start both providers, each with its own users."""
    lanes: list[tuple[TlsLane, NDArray[np.int64]]] = []
    for row, kind in enumerate((ApnsLane, FcmLane)):
        lane = kind(deployment)
        await lane.start(*options)
        lanes.append((lane, await lane.people(people, first=ONE_LANE * (row + 1))))
    return lanes


async def _serve(deployment: Deployment, lanes: Lanes, **more: str) -> Process:
    env = {name: value for lane, _ in lanes for name, value in lane.env(**more).items()}
    return await deployment.server(**env)


async def _everybody_is_reached(deployment: Deployment, lanes: Lanes, progress: dict[str, Any]) -> None:
    for lane, devices in lanes:
        assert np.array_equal(await lane.reached(), devices), lane.name
        assert progress["lanes"][lane.name]["accepted"] == devices.size, lane.name
        repeats = await deployment.get(f"{lane.control_url}/simulated/repeats")
        assert all(len(set(collapse_ids)) == 1 for _, collapse_ids in repeats), lane.name


async def _nobody_twice(lanes: Lanes) -> None:
    for lane, _ in lanes:
        assert (await lane.counts())["duplicates"] == 0, lane.name


@pytest.mark.parametrize(
    "options",
    [(), ("--goaway-every", "200"), ("--latency-ms", "20", "--streams-max", "20"), ("--rate-limit", "20")],
    ids=["calm", "GOAWAY again and again", "slow with few streams", "limited"],
)
async def test_everybody_is_reached_exactly_once(deployment: Deployment, options: tuple[str, ...]) -> None:
    """One request a device over HTTP/2; only requests that the provider did not process go to another connection."""
    lanes = await _lanes(deployment, *options, people=LIMITED if "--rate-limit" in options else PEOPLE)
    await deployment.provider()
    server = await _serve(deployment, lanes)
    _, answer = await deployment.file(server)
    await _everybody_is_reached(deployment, lanes, await deployment.sent(server, answer["alert"]["id"]))
    await _nobody_twice(lanes)
    for lane, _ in lanes:
        assert ("--rate-limit" in options) == bool((await lane.counts())["refused_requests"]), lane.name


@pytest.mark.parametrize(
    "options",
    [("--error-rate", "0.01"), ("--hang-rate", "0.01")],
    ids=["errors of every kind", "no answer now and then"],
)
async def test_nobody_is_lost_when_requests_fail(deployment: Deployment, options: tuple[str, ...]) -> None:
    """503, 500, refused and reset streams, garbage, truncated answers, lost connections, slow reads, silence."""
    lanes = await _lanes(deployment, *options)
    await deployment.provider()
    server = await _serve(deployment, lanes, **IN_TIME)
    _, answer = await deployment.file(server)
    await _everybody_is_reached(deployment, lanes, await deployment.sent(server, answer["alert"]["id"]))
    for lane, _ in lanes:
        assert (await lane.counts())["faults"], lane.name


async def test_devices_that_are_throttled_delay_no_others(deployment: Deployment) -> None:
    """One in ten is always answered TooManyRequests: all others are notified.

    Fewer batches fit at once than leave such devices to retry; without a bound these would take all the room.
    """
    lane = ApnsLane(deployment)
    await deployment.provider()
    await lane.start("--full-rate", "0.1")
    devices = await lane.people(MANY)
    server = await _serve(deployment, [(lane, devices)], workers="2", queue_batches="2")
    await deployment.file(server)
    progress: dict[str, Any] = {}

    async def all_but_these() -> bool:
        reached, refused = (await lane.reached()).size, (await lane.counts())["refused_requests"]
        progress.update(reached=reached, refused=refused)
        return bool(0.85 * devices.size < reached < devices.size) and refused["TooManyRequests"] > 2 * (
            devices.size - reached
        )

    await until(all_but_these)


async def test_credentials_that_expire_during_the_sweep_are_renewed(deployment: Deployment) -> None:
    """FCM's access token lives for two seconds: a new one, and the same recipients, once."""
    lane = FcmLane(deployment)
    await deployment.provider()
    await lane.start("--access-token-s", "2", "--latency-ms", "50", "--streams-max", "10")
    lanes = [(lane, await lane.people(MANY))]
    server = await _serve(deployment, lanes)
    _, answer = await deployment.file(server)
    await _everybody_is_reached(deployment, lanes, await deployment.sent(server, answer["alert"]["id"]))
    await _nobody_twice(lanes)


async def test_an_outage_delays_and_loses_nobody(deployment: Deployment) -> None:
    """Both providers are down when the alert is filed; afterwards everybody is reached once."""
    lanes = await _lanes(deployment)
    await deployment.provider()
    for lane, _ in lanes:
        await lane.control("outage", {"on": True})
    server = await _serve(deployment, lanes)
    _, answer = await deployment.file(server)

    async def outages_are_alarmed() -> bool:
        async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
            alarms = (await feed.receive_json())["alarms"]
        return {alarm["lane"] for alarm in alarms if alarm["kind"] == "outage"} >= {lane.name for lane, _ in lanes}

    await until(outages_are_alarmed)
    for lane, _ in lanes:
        assert (await lane.reached()).size == 0, lane.name
        await lane.control("outage", {"on": False})
    await _everybody_is_reached(deployment, lanes, await deployment.sent(server, answer["alert"]["id"]))
    await _nobody_twice(lanes)


async def test_kills_in_the_middle_repeat_at_most_what_was_in_flight_and_show_one_message(
    deployment: Deployment,
) -> None:
    """SIGKILL three times: nobody is lost; a kill repeats at most workers x batch, under one collapse id."""
    lanes = await _lanes(deployment, "--latency-ms", "5", people=MANY)
    await deployment.provider()
    server = await _serve(deployment, lanes, workers=str(WORKERS))
    _, answer = await deployment.file(server)
    for kill in range(1, KILLS + 1):
        goal = sum(devices.size for _, devices in lanes) * kill // (KILLS + 1)

        async def has_come_so_far(goal: int = goal) -> bool:
            return sum([int((await lane.counts())["distinct"]) for lane, _ in lanes]) >= goal

        await until(has_come_so_far)
        server.end(signal.SIGKILL)
        server = await _serve(deployment, lanes, workers=str(WORKERS))
    await _everybody_is_reached(deployment, lanes, await deployment.sent(server, answer["alert"]["id"]))
    for lane, devices in lanes:
        at_most = KILLS * WORKERS * BATCH
        assert at_most < devices.size, "fewer than if everybody was notified again"
        assert (await lane.counts())["duplicates"] <= at_most, lane.name
