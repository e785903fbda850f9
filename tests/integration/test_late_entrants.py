"""Late entrants: people who come into the area are notified once, and nobody else is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from collections.abc import Sequence

MOVED: Final = 1000
FAR: Final = (100.0, 35.0)
NEAR: Final = (114.06, 22.55)
WHY: Final = {"reason": "because of a test", "case_number": CASE["case_number"]}
NO_PASS: Final = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "3600"}
MOVERS: Final = [*range(1, MOVED + 1)]


async def _report(
    deployment: Deployment,
    server: Process,
    users: Sequence[int],
    place: tuple[float, float],
    at: datetime | None = None,
    lane: str = "tpns",
) -> None:
    at = at or datetime.now(UTC)
    rows = [{"user": user, "lane": lane, "longitude": place[0], "latitude": place[1], "at": at} for user in users]
    assert await deployment.post(f"{server.url}/v1/devices", rows) == (200, {"accepted": len(users), "rejected": []})


async def _sent(deployment: Deployment, server: Process, **changes: object) -> str:
    """File a case and wait until its alert is sent, and until this server holds reports against it."""
    _, answer = await deployment.file(server, **changes)
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    return alert


async def _reached(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["distinct"]) >= people


async def _nobody_waits(deployment: Deployment) -> bool:
    return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)


async def _passes(deployment: Deployment) -> int:
    return int((await deployment.query("select coalesce(max(passes), 0) from sweep_unit where not entrants"))[0][0])


async def test_a_thousand_late_entrants_are_notified_and_nobody_else(deployment: Deployment) -> None:
    """Without any pass: exactly these; those who leave or stay are not notified again, and nothing is left behind."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    server = await deployment.server(**NO_PASS)
    await _report(deployment, server, MOVERS, FAR)
    await _sent(deployment, server)
    await _report(deployment, server, MOVERS, NEAR)
    await _report(deployment, server, inside[:100].tolist(), FAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    await until(lambda: _nobody_waits(deployment))
    await _report(deployment, server, inside[:100].tolist(), NEAR)
    await until(lambda: _nobody_waits(deployment))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, MOVERS))
    assert (await deployment.counts())["duplicates"] == 0
    assert await _passes(deployment) == 0

    async def are_counted() -> bool:
        alert = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"][0]
        return bool(alert["lanes"]["tpns"]["sent"] == inside.size + MOVED)

    await until(are_counted)


async def test_a_pass_finds_who_entered_unseen(deployment: Deployment) -> None:
    """Reports that no server held against the alert: the slow full pass is the net beneath."""
    await deployment.provider()
    inside = await deployment.people(5000)
    server = await deployment.server(QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S="1")
    await _sent(deployment, server)
    await deployment.place(MOVERS, *NEAR)
    await until(lambda: _reached(deployment, inside.size + MOVED))
    assert np.array_equal(await deployment.reached(), np.union1d(inside, MOVERS))
