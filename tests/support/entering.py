"""People who come into the area of a live alert, as the platform reports them. Bounded by a request each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.processes.deployment import SHENZHEN

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


async def enter(deployment: Deployment, server: Process, users: list[int]) -> None:
    """Report users at the place of the case."""
    at = (await deployment.query("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"))[0][0]
    place = {"lane": "tpns", "longitude": SHENZHEN.longitude, "latitude": SHENZHEN.latitude, "at": at}
    status, answer = await deployment.post(f"{server.url}/v1/devices", [{"user": user, **place} for user in users])
    assert (status, answer["rejected"]) == (200, [])


async def nobody_waits(deployment: Deployment) -> bool:
    """Tell whether everybody who came in is dealt with."""
    return bool((await deployment.query("select count(*) from entrant"))[0][0] == 0)
