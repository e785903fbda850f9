"""The wish to publish a page is raised in the transaction that changes what stands on it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg

from runtime.page_codes import code_of

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

WANTED = "select wanted from page where alert_id = $1"


async def test_the_database_and_the_code_name_a_page_alike(deployment: Deployment) -> None:
    """`page_code` of the database and `code_of` are one function, for any alert."""
    for _ in range(200):
        alert = uuid4()
        [row] = await deployment.query("select page_code($1)", alert)
        assert row[0] == code_of(alert)


async def test_a_change_of_an_alert_or_its_case_is_wished_in_its_own_transaction(deployment: Deployment) -> None:
    """Each change raises the wish by one; what is rolled back, or changes nothing on a page, raises none."""
    server = await deployment.server()
    _, answer = await deployment.file(server)
    alert = answer["alert"]["id"]
    connection = await asyncpg.connect(deployment.database_url)
    try:
        await _alone(deployment, connection, alert)
        wanted = await connection.fetchval(WANTED, alert)
        assert wanted >= 1
        for change in (
            "update alert set state = 'paused' where id = $1",
            "update alert set expires = expires + interval '1 hour' where id = $1",
            'update alert set content = content || \'{"web_link": "https://x.example"}\' where id = $1',
            """update child_case set content = content || '{"remarks": "x"}'
               where id = (select case_id from alert where id = $1)""",
        ):
            await connection.execute(change, alert)
            wanted += 1
            assert await connection.fetchval(WANTED, alert) == wanted, change
        await connection.execute("update alert set sent_at = now() where id = $1", alert)
        assert await connection.fetchval(WANTED, alert) == wanted
        undone = connection.transaction()
        await undone.start()
        await connection.execute("update alert set state = 'found' where id = $1", alert)
        await undone.rollback()
        assert await connection.fetchval(WANTED, alert) == wanted
    finally:
        await connection.close()


async def _alone(deployment: Deployment, connection: asyncpg.Connection, alert: str) -> None:
    """End the server, so that nothing but the test changes the alert; the row of its page is there."""
    await deployment.close()
    assert await connection.fetchval("select code from page where alert_id = $1", alert) == code_of(UUID(alert))
