"""PostgreSQL that refuses for reasons of its own ends no server: it is asked again, with an alarm, and all goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.alarms import alarms_of
from tests.support.processes.processes import until
from tests.support.stores.refusals import FUNCTION

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process


async def _is_alarmed(deployment: Deployment, server: Process) -> bool:
    return "record_refused" in {alarm["kind"] for alarm in await alarms_of(deployment, server)}


@pytest.mark.parametrize("code", ["XX001", "XX000", "54001", "42501"])
async def test_a_unit_that_cannot_be_claimed_ends_no_server(deployment: Deployment, code: str) -> None:
    """A damaged page, an internal error, a limit, a right taken away: an alarm, and then everybody is notified."""
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    await deployment.query(FUNCTION.format(code=code))
    await deployment.query("create trigger refusing before update on sweep_unit for each row execute function refuse()")
    _, answer = await deployment.file(server)
    await until(lambda: _is_alarmed(deployment, server))
    assert server.alive
    await deployment.query("drop trigger refusing on sweep_unit")
    await deployment.sent(server, answer["alert"]["id"])
    assert np.array_equal(await deployment.reached(), inside)

    async def is_over() -> bool:
        return not await _is_alarmed(deployment, server)

    await until(is_over)


@pytest.mark.parametrize("code", ["XX002", "28000"])
async def test_a_trail_that_takes_no_event_is_answered_503(deployment: Deployment, code: str) -> None:
    """A case that the record refuses is answered 503 with Retry-After, and taken later; the server lives."""
    await deployment.provider()
    await deployment.people(100)
    server = await deployment.server()
    await deployment.query(FUNCTION.format(code=code))
    await deployment.query(
        "create trigger refusing before insert on audit_event for each row execute function refuse()"
    )
    status, _ = await deployment.file(server)
    assert status == 503
    await deployment.query("drop trigger refusing on audit_event")
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
