"""Stores that restart and a provider that fails cost time, but lose no recipient."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import numpy as np
import pytest

from server.embedded import EmbeddedStores
from tests.support.alarms import alarms_of, until_alarmed
from tests.support.processes.deployment import Deployment
from tests.support.processes.processes import UNTIL_S, Process, until

WORKERS = 4
BATCH = 1000
OUTAGE_S = 10.0


async def test_restarting_stores_and_an_outage_of_ten_seconds_lose_nobody(tmp_path: Path) -> None:
    """Valkey and PostgreSQL restart during a sweep and the provider fails for 10 s: the whole audience is reached."""
    with tempfile.TemporaryDirectory(prefix="qqa-test-") as folder:
        Path(folder).chmod(0o755)
        stores = EmbeddedStores(Path(folder) / "state", postgres=True, valkey=True)
        deployment = Deployment(stores.start(), tmp_path)
        try:
            await deployment.provider("--latency-ms", "10")
            await deployment.register()
            inside = await deployment.people(150_000)
            server = await deployment.server()
            _, answer = await deployment.file(server)
            await _accepted(deployment, inside.size // 5)
            await asyncio.to_thread(stores.restart_valkey)
            await _accepted(deployment, inside.size // 3)
            await asyncio.to_thread(stores.restart_postgres, hard=True)
            await _accepted(deployment, inside.size // 2)
            await deployment.switch_outage(on=True)
            # The length of the outage is under test; this is no wait for a condition.
            await asyncio.sleep(OUTAGE_S)
            alarms = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"]
            assert alarms[0]["state"] == "sending"
            await deployment.switch_outage(on=False)
            await deployment.sent(server, answer["alert"]["id"])
            counts = await deployment.counts()
            assert np.array_equal(await deployment.reached(), inside)
            # PostgreSQL's crash may lose replies to commits; these are repeated, and each is recorded once.
            assert counts["duplicates"] <= WORKERS * BATCH
        finally:
            await deployment.close()
            stores.stop()


async def _silent(deployment: Deployment, timeout_s: float) -> tuple[Process, str]:
    """Have a provider hang, and wait for the alarm; returns the server and its alert."""
    await deployment.provider("--hang-rate", "1")
    await deployment.people(200)
    server = await deployment.server(QQ_ALERT_LANES__TPNS__TIMEOUT_S=f"{timeout_s}")
    _, answer = await deployment.file(server)
    await until_alarmed(deployment, server, "outage")
    return server, answer["alert"]["id"]


async def test_a_provider_that_answers_nothing_is_an_alarm_long_before_its_requests_fail(
    deployment: Deployment,
) -> None:
    """It hangs, as a gateway that lost its back end: nothing has failed yet, and operators know why nothing goes on."""
    server, _ = await _silent(deployment, timeout_s=120)
    [alarm] = [one for one in await alarms_of(deployment, server) if one["kind"] == "outage"]
    assert "no request was answered" in alarm["detail"]
    assert await deployment.lane_metric(server, "qq_alert_requests_in_flight") > 0


async def test_the_alarm_of_a_provider_that_answers_nothing_ends_once_nothing_is_left_to_send(
    deployment: Deployment,
) -> None:
    """The alert is paused while its only request hangs: no answer is to come that would end the alarm."""
    server, alert = await _silent(deployment, timeout_s=8)
    url = f"{server.url}/v1/alerts/{alert}/pause"
    assert (await deployment.post(url, {"reason": "误报"}))[0] == 200

    async def is_over() -> bool:
        return all(one["kind"] != "outage" for one in await alarms_of(deployment, server))

    await until(is_over)


@pytest.mark.parametrize(
    "options",
    [("--error-rate", "0.3"), ("--rate-limit", "1000"), ("--rate-limit", "1000", "--throttle-by-http")],
    ids=["errors of every kind", "limited by code", "limited by HTTP 429"],
)
async def test_a_provider_that_fails_or_limits_reaches_everybody_once(
    deployment: Deployment, options: tuple[str, ...]
) -> None:
    """5xx, garbage, dropped connections, busy and throttled answers are retried: everybody exactly once."""
    await deployment.provider(*options)
    # A batch a second: a slow machine is still faster than that.
    inside = await deployment.people(10_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    counts = await deployment.counts()
    assert counts["refused_requests"], "the fault never occurred"
    assert np.array_equal(await deployment.reached(), inside)
    assert counts["duplicates"] == 0


async def test_rejected_credentials_stop_the_lane_with_an_alarm_until_they_are_corrected(
    deployment: Deployment,
) -> None:
    """While the provider rejects us, recipients wait and the feed shows the alarm; afterwards all are reached."""
    await deployment.provider("--access-id", "other")
    inside = await deployment.people(20_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    async with deployment.session() as session:
        async with session.ws_connect(f"{server.url}/v1/feed") as feed, asyncio.timeout(UNTIL_S):
            async for message in feed:
                event = message.json()
                kinds = {alarm["kind"] for alarm in event.get("alarms", [event]) if "kind" in alarm}
                if "misconfigured" in kinds:
                    break
        assert (await deployment.counts())["accepted"] == 0
        right = {"access_id": "simulated", "secret_key": "simulated"}
        await session.post(f"{deployment.provider_url}/simulated/credentials", json=right)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)


async def test_accounts_without_a_device_are_recorded_as_invalid_and_nobody_else(deployment: Deployment) -> None:
    """The provider's answer about one account is recorded for that account only, and counted."""
    await deployment.provider("--invalid-rate", "0.1")
    inside = await deployment.people(20_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    lane = (await deployment.sent(server, answer["alert"]["id"]))["lanes"]["tpns"]
    counts = await deployment.counts()
    assert lane["invalid"] == counts["invalid"] > 0
    assert lane["accepted"] == counts["accepted"] == inside.size - counts["invalid"]


async def _accepted(deployment: Deployment, recipients: int) -> None:
    async def enough() -> bool:
        return int((await deployment.counts())["accepted"]) >= recipients

    await until(enough)
