"""An endpoint whose address is none raises an alarm, and ends no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.alarms import alarms_of
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

PUT = """insert into authority_endpoint (authority_id, url, secret, passes_on)
    select id, 'http://[', 'x', 'all' from authority where id <> ''"""


async def test_an_address_that_is_none_is_an_alarm(deployment: Deployment) -> None:
    """Also at a start; an alert is sent."""
    await deployment.provider()
    await deployment.people(50)
    server = await deployment.server()
    await deployment.query(PUT)

    async def is_said() -> bool:
        alarms = await alarms_of(deployment, server)
        return any(one["kind"] == "police_unreachable" and "no address" in one["detail"] for one in alarms)

    await until(is_said)
    server.end()
    server = await deployment.server()
    await until(is_said)
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
