"""Content that decodes, and cannot be rendered: its units are parked with an alarm, and everything else is sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from tests.support.alarms import alarms_of
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.updates import send_update

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

LEADS: Final = ("{x} again", "again {", "{title.__class__.__init__}", "{title:>99999999999}", "{title}{title}", "again")


async def _parked(deployment: Deployment, server: Process, alert: str) -> bool:
    details = [one["detail"] for one in await alarms_of(deployment, server) if one["kind"] == "unreadable_data"]
    return any(f"of alert {alert} is parked: ValidationError" in detail for detail in details)


@pytest.mark.parametrize("lead", LEADS)
async def test_an_update_that_cannot_be_rendered_is_parked(deployment: Deployment, lead: str) -> None:
    """The server goes on, and so does the next one; nobody gets the update, and another alert is sent."""
    await deployment.provider()
    await deployment.people(500)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    leads = msgspec.json.encode({"zh-CN": lead, "en": lead}).decode()
    await deployment.query(
        "update alert set content = jsonb_set(content::jsonb, '{goes_on}', $1::text::jsonb) where id = $2", leads, alert
    )
    status, _ = await send_update(deployment, server, child={**CASE["child"], "clothing": "红色外套"})
    assert status == 200
    await until(partial(_parked, deployment, server, alert))
    server.end()
    server = await deployment.server()
    await until(partial(_parked, deployment, server, alert))
    _, answer = await deployment.file(server, case_number="other")
    await deployment.sent(server, answer["alert"]["id"])
    assert await deployment.query("select 1 from ledger where notice = 'update'") == []
    assert server.alive
