"""After a stop everybody who watches reads when the last request was started, and only requests before it are meant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.support.life.officers import Officers
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

WORKERS = 4


async def test_the_last_request_of_a_paused_alert_was_started_before_the_pause(deployment: Deployment) -> None:
    """It is said once all that were under way are answered, by the record's clock; none was started after the stop."""
    async with recording_tpns(deployment) as tpns:
        await deployment.people(4000)
        officers = Officers(deployment, await deployment.server())
        tpns.gate.close_after(2)
        begun = await _now(deployment)
        _, answer = await deployment.file(officers.server)
        alert = answer["alert"]["id"]
        await tpns.gate.holds(WORKERS)
        status, paused = await officers.act(alert, "pause")
        assert (status, paused["alert"]["state"]) == (200, "paused")
        stopped = await _now(deployment)
        tpns.gate.open()

        async def shown() -> dict[str, Any]:
            found: dict[str, Any] = (await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))["alert"]
            return found

        async def is_said() -> bool:
            return (await shown()).get("last_request_at") is not None

        await until(is_said)

        async def is_given_back() -> bool:
            return not await deployment.query("select 1 from sweep_unit where lease_owner is not null")

        await until(is_given_back)
        last = datetime.fromisoformat((await shown())["last_request_at"])
        assert begun <= last <= stopped
        assert (await officers.act(alert, "resume"))[0] == 200
        await deployment.sent(officers.server, alert)

        async def is_later() -> bool:
            return datetime.fromisoformat((await shown())["last_request_at"]) > stopped

        await until(is_later)


async def _now(deployment: Deployment) -> datetime:
    moment: datetime = (await deployment.query("select clock_timestamp()"))[0][0]
    return moment
