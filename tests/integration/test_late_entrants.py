"""Late entrants: people who come into the area are notified once, and nobody else is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

MOVED = 1000
FAR = (100.0, 35.0)
NEAR = (114.06, 22.55)


async def _report(deployment: Deployment, server: Process, users: list[int], place: tuple[float, float]) -> None:
    at = datetime.now(UTC)
    rows = [{"user": user, "lane": "tpns", "longitude": place[0], "latitude": place[1], "at": at} for user in users]
    assert await deployment.post(f"{server.url}/v1/devices", rows) == (200, {"accepted": len(users), "rejected": []})


async def test_a_thousand_late_entrants_are_notified_and_nobody_else(deployment: Deployment) -> None:
    """Within one interval, without a burst: exactly these; those who leave or stay are not notified again."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    movers = list(range(1, MOVED + 1))
    server = await deployment.server(
        QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1", QQ_ALERT_ALERT__LATE_ENTRANTS_BURST="1000000"
    )
    await _report(deployment, server, movers, FAR)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    await _report(deployment, server, movers, NEAR)
    await _report(deployment, server, inside[:100].tolist(), FAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    passes = await _passes(deployment)
    await until(lambda: _more_passes(deployment, passes))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, movers))
    assert (await deployment.counts())["duplicates"] == 0


async def test_a_burst_of_reports_brings_the_next_pass_forward(deployment: Deployment) -> None:
    """With an interval of an hour, a thousand reports from the area suffice."""
    await deployment.provider()
    inside = await deployment.people(5000)
    server = await deployment.server(
        QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="3600", QQ_ALERT_ALERT__LATE_ENTRANTS_GAP_S="1"
    )
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    await _report(deployment, server, list(range(5001, 5001 + MOVED)), FAR)
    await _report(deployment, server, list(range(1, MOVED + 1)), NEAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, np.arange(1, MOVED + 1)))


async def _reached(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["distinct"]) >= people


async def _passes(deployment: Deployment) -> int:
    return int((await deployment.query("select min(passes) from sweep_unit where passes > 0"))[0][0] or 0)


async def _more_passes(deployment: Deployment, before: int) -> bool:
    return await _passes(deployment) > before + 1
