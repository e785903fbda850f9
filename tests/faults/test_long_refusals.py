"""A store that refuses for long what is asked again and again: each silence has its alarm, and is over by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.alarms import until_alarmed, until_cleared
from tests.support.processes.processes import until
from tests.support.stores.refusals import DISK_FULL, record_refusing

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


async def _ready(deployment: Deployment, server: Process) -> tuple[int, dict[str, Any]]:
    async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
        return response.status, await response.json()


@pytest.mark.parametrize("code", ["53100", "57014", "40P01", "55006"])
async def test_what_ends_by_itself_and_does_not_is_alarmed(deployment: Deployment, code: str) -> None:
    """A full disk, a cancelled statement, a deadlock, a lock: an alarm, not ready, and then all are notified."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    async with record_refusing(deployment, "update on sweep_unit", code):
        _, answer = await deployment.file(server)
        await until_alarmed(deployment, server, "record_refused")
        status, ready = await _ready(deployment, server)
        assert (status, ready["status"], ready["stores"]["postgresql"]) == (503, "a store refuses", "refuses")
        assert not (await deployment.reached()).size
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    await until_cleared(deployment, server, "record_refused")
    assert (await _ready(deployment, server))[0] == 200


async def test_a_trail_that_takes_no_event_for_long_is_alarmed(deployment: Deployment) -> None:
    """Cases that are refused again and again are no silence of the police alone: operators read why."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server()

    async def is_alarmed() -> bool:
        status, _ = await deployment.file(server)
        assert status == 503
        return "record_refused" in {one["kind"] for one in (await deployment.get(f"{server.url}/v1/alarms"))["alarms"]}

    async with record_refusing(deployment, "insert on audit_event", DISK_FULL):
        await until(is_alarmed)
    status, _ = await deployment.file(server)
    assert status == 202
    await until_cleared(deployment, server, "record_refused")
