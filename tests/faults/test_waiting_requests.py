"""Requests that wait for a lock, or whose commit is not answered, keep nothing from being sent or stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg

from sql.database import POOL_MAX
from sql.query import query
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

WAITING: Final = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
WHY: Final = {"reason": "误报", "case_number": CASE["case_number"]}


async def test_requests_that_wait_for_a_lock_leave_connections_to_what_is_sent(deployment: Deployment) -> None:
    """All connections for requests wait for the trail's lock; the ledger goes on all the while."""
    await deployment.provider("--latency-ms", "150")
    await deployment.people(60_000)
    server = await deployment.server()
    await deployment.file(server)
    blocker = await asyncpg.connect(deployment.database_url)
    async with blocker.transaction():
        await blocker.fetchval(query("audit_head"))
        filings = [
            asyncio.create_task(deployment.file(server, case_number=f"SZ-{number}"), name=f"filing {number}")
            for number in range(3 * POOL_MAX)
        ]

        async def all_wait() -> bool:
            return int((await deployment.query(WAITING))[0][0]) >= POOL_MAX

        await until(all_wait)
        recorded = await _recorded(deployment)

        async def goes_on() -> bool:
            return await _recorded(deployment) > recorded

        await until(goes_on)
        assert int((await deployment.query(WAITING))[0][0]) > 0, "they waited all the while"
    await blocker.close()
    # The last of them may have waited too long for a connection: then it is asked to try again.
    assert {status for status, _ in await asyncio.gather(*filings)} <= {202, 503}


async def _recorded(deployment: Deployment) -> int:
    return int((await deployment.query("select coalesce(sum(recipients), 0) from ledger"))[0][0])


async def test_a_stop_whose_commit_is_not_answered_stops_and_claims_nothing(deployment: Deployment) -> None:
    """The answer says that it may have been done; the record has it, nothing more is sent, and asking again says so."""
    await deployment.provider("--latency-ms", "150")
    inside = await deployment.people(60_000)
    async with postgres_proxy(deployment.database_url) as proxy:
        server = await deployment.server(QQ_ALERT_DATABASE__URL=proxy.database_url)
        _, answer = await deployment.file(server)

        async def begun() -> bool:
            return (await deployment.reached()).size > 0

        await until(begun)
        cancel = f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel"
        proxy.lose_answer(b"pg_notify('qq_alert_sweeps', $1")
        status, problem = await deployment.post(cancel, WHY)
        assert (status, problem["detail"]) == (
            503,
            "a store does not answer: it may have been done or not; look, and try again",
        )
        assert await deployment.query("select state from alert") == [("cancelled",)]

        async def is_over() -> bool:
            units = await deployment.query("select count(*) from sweep_unit where lease_until > now()")
            return bool(units[0][0] == 0)

        await until(is_over)
        status, problem = await deployment.post(cancel, WHY)
        assert status == 409
        assert "cancelled" in problem["detail"]
    assert (await deployment.reached()).size < inside.size
