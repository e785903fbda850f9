"""Crashes in the middle of a sweep lose no recipient, and repeat no more than the batches in flight."""

from __future__ import annotations

import random
import signal
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

PEOPLE = 370_000
"""About 200,000 of them are within 120 km."""

WORKERS = 4
BATCH = 1000
KILLS = 20


async def _accepted(deployment: Deployment) -> int:
    return int((await deployment.counts())["accepted"])


async def test_twenty_kills_of_the_server_lose_nobody(deployment: Deployment) -> None:
    """SIGKILL at 20 random moments: the whole audience is reached; a kill repeats at most workers x 1,000."""
    await deployment.provider("--latency-ms", "5")
    inside = await deployment.people(PEOPLE)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    rng = random.Random(20)
    killed = 0
    for kill in range(1, KILLS + 1):
        # Kills are spread over the sweep: each waits for its own random share of the recipients.
        moment = int(inside.size * (kill - rng.random()) / (KILLS + 1))
        await until(partial(_at_least, deployment, moment))
        server.end(signal.SIGKILL)
        killed += 1
        server = await deployment.server()
    await deployment.sent(server, alert)
    counts = await deployment.counts()
    assert np.array_equal(await deployment.reached(), inside)
    assert killed == KILLS
    assert counts["duplicates"] <= killed * WORKERS * BATCH


async def test_a_graceful_stop_repeats_nobody(deployment: Deployment) -> None:
    """After SIGTERM in the middle the server ends gracefully; restarted, it finishes with 0 repeats."""
    await deployment.provider("--latency-ms", "5")
    inside = await deployment.people(100_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await until(lambda: _at_least(deployment, inside.size // 3))
    assert server.end(signal.SIGTERM) == 0
    stopped_at = await _accepted(deployment)
    assert stopped_at < inside.size
    server = await deployment.server()
    await deployment.sent(server, answer["alert"]["id"])
    counts = await deployment.counts()
    assert np.array_equal(await deployment.reached(), inside)
    assert counts["duplicates"] == 0


async def test_a_second_server_takes_over_from_a_dead_one(deployment: Deployment) -> None:
    """Two processes share an alert; one is killed half-way, and the whole audience is reached."""
    await deployment.provider("--latency-ms", "5")
    inside = await deployment.people(200_000)
    first, second = await deployment.server(), await deployment.server()
    _, answer = await deployment.file(first)
    await until(lambda: _at_least(deployment, inside.size // 2))
    shares = [await _settled_by(deployment, server) for server in (first, second)]
    first.end(signal.SIGKILL)
    await deployment.sent(second, answer["alert"]["id"])
    assert all(share > 0 for share in shares)
    assert np.array_equal(await deployment.reached(), inside)
    assert (await deployment.counts())["duplicates"] <= WORKERS * BATCH


async def _at_least(deployment: Deployment, recipients: int) -> bool:
    return await _accepted(deployment) >= recipients


async def _settled_by(deployment: Deployment, server: Process) -> float:
    async with deployment.session() as session, session.get(f"{server.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    accepted = 'qq_alert_recipients_total{lane="tpns",notice="alert",outcome="accepted"'
    return sum(float(line.split()[-1]) for line in lines if line.startswith(accepted))


async def test_a_second_server_on_the_same_state_names_the_owner_and_exits(tmp_path: Path) -> None:
    """Embedded stores have one owner: the second server exits with 2."""
    env = {
        "QQ_ALERT_STATE_DIR": str(tmp_path / "state"),
        "QQ_ALERT_LISTEN": "127.0.0.1:0",
        "QQ_ALERT_LANES__TPNS__URL": "http://127.0.0.1:9",
        "QQ_ALERT_LANES__TPNS__ACCESS_ID": "x",
        "QQ_ALERT_LANES__TPNS__SECRET_KEY": "x",
    }
    owner = Process("serve", env=env)
    try:
        await owner.started()
        second = Process("serve", env=env)
        assert second.wait() == 2
    finally:
        assert owner.end() == 0
