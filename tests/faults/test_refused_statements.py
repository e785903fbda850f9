"""PostgreSQL that refuses for reasons of its own ends no server: it is asked again, with an alarm, and all goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.alarms import until_alarmed, until_cleared
from tests.support.processes.processes import until
from tests.support.stores.refusals import record_refusing

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment


@pytest.mark.parametrize("code", ["XX001", "XX000", "54001", "42501"])
async def test_a_unit_that_cannot_be_claimed_ends_no_server(deployment: Deployment, code: str) -> None:
    """A damaged page, an internal error, a limit, a right taken away: an alarm, and then everybody is notified."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    async with record_refusing(deployment, "update on sweep_unit", code):
        _, answer = await deployment.file(server)
        await until_alarmed(deployment, server, "record_refused")
        assert server.alive
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)
    await until_cleared(deployment, server, "record_refused")


@pytest.mark.parametrize("code", ["XX002", "28000"])
async def test_a_trail_that_takes_no_event_is_answered_503(deployment: Deployment, code: str) -> None:
    """A case that the record refuses is answered 503 with Retry-After, and taken later; the server lives."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server()
    async with record_refusing(deployment, "insert on audit_event", code):
        status, _ = await deployment.file(server)
        assert status == 503
    assert (await deployment.file(server))[0] == 202
    assert server.alive


async def test_a_password_that_changed_stops_nothing_for_good(deployment: Deployment) -> None:
    """All connections are cut, and none is let in: the server waits with an alarm, and goes on once it is let in."""
    await deployment.provider("--latency-ms", "20")
    inside = await deployment.people(15_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)

    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)
    of_server = "from pg_stat_activity where application_name = 'qq-alert' and datname = current_database()"
    role = (await deployment.query(f"select usename {of_server} limit 1"))[0][0]
    assert role != (await deployment.query("select current_user"))[0][0], "the server has a role of its own"
    # As a rotated password, it is an error of class 28 at the login.
    await deployment.query(f'alter role "{role}" nologin')
    try:
        await deployment.query(f"select pg_terminate_backend(pid) {of_server}")

        async def is_waiting() -> bool:
            return "InvalidAuthorizationSpecificationError" in deployment.log.read_text(encoding="utf-8")

        await until(is_waiting)
        assert server.alive
    finally:
        await deployment.query(f'alter role "{role}" login')
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
    assert np.array_equal(np.intersect1d(await deployment.reached(), inside), inside)
