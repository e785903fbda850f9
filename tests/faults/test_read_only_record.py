"""A record that takes no writes, as after a failover to a standby, is said and read, and used again afterwards."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import numpy as np

from tests.support.alarms import until_alarmed, until_cleared
from tests.support.console_session import console_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment

WHY = {"reason": "误报", "case_number": "SZ-2026-000123"}
CUT = """select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'qq-alert'
         and datname = current_database() and pid <> pg_backend_pid()"""


@asynccontextmanager
async def _read_only(deployment: Deployment) -> AsyncIterator[None]:
    """Let sessions that begin from now on be read-only, and cut those that are open; then take that back."""
    name = (await deployment.query("select current_database()"))[0][0]
    await deployment.query(f'alter database "{name}" set default_transaction_read_only = on')
    try:
        await deployment.query(CUT)
        yield
    finally:
        off = {"default_transaction_read_only": "off"}
        connection = await asyncpg.connect(deployment.database_url, server_settings=off)
        await connection.execute(f'alter database "{name}" reset default_transaction_read_only')
        await connection.close()


async def test_a_record_that_takes_no_writes_is_said_and_read(deployment: Deployment) -> None:
    """Alarms, alerts and the console are read meanwhile, by tokens and sessions whose use is due to be noted.

    What needs a write is 503. Afterwards all goes on by itself, on sessions that are not read-only any more.
    """
    await deployment.provider()
    inside = await deployment.people(3_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = f"{server.url}/v1/alerts/{answer['alert']['id']}"
    await deployment.sent(server, answer["alert"]["id"])
    async with console_session(server, deployment.token) as console, deployment.session() as session:
        await deployment.query("update bearer_token set last_used_at = null")
        await deployment.query("update browser_session set used_at = now() - interval '3 minutes'")
        await deployment.query("update browser_session set rotated_at = now() - interval '3 hours'")
        async with _read_only(deployment):
            # Longer than what a token was looked up for counts.
            await until_alarmed(deployment, server, "record_refused")
            for path in ("/v1/alarms", "/v1/alerts", f"/v1/alerts/{answer['alert']['id']}"):
                async with session.get(server.url + path) as response:
                    assert (path, response.status) == (path, 200)
            async with console.get("/console", allow_redirects=False) as response:
                assert response.status == 200, await response.text()
            async with session.post(f"{alert}/cancel", json=WHY) as response:
                assert (response.status, "Retry-After" in response.headers) == (503, True)
            async with session.get(f"{server.url}/ready") as response:
                ready = await response.json()
                assert (response.status, ready["status"]) == (503, "a store refuses")
                assert ready["stores"]["postgresql"] == "takes no writes"
        await until_cleared(deployment, server, "record_refused")
        async with session.get(f"{server.url}/ready") as response:
            assert response.status == 200
        _, later = await deployment.file(server, case_number="SZ-2")
        await deployment.sent(server, later["alert"]["id"])
        async with console.get("/console", allow_redirects=False) as response:
            assert response.status == 200
    used = await deployment.query("select count(*) from bearer_token where last_used_at is not null")
    assert used[0][0] > 0
    assert np.array_equal(await deployment.reached(), inside)
