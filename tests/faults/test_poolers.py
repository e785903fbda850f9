"""Poolers before PostgreSQL: one that shares sessions is refused before anything is locked, others are used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from sql.database import LOCK_S, open_pool
from tests.support.processes.processes import Process
from tests.support.stores.pooler import pooler

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

LOCKS: Final = """select count(*) from pg_locks where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())"""

COMMANDS: Final = (("serve",), ("serve", "--no-migrate"), ("migrate",), ("token", "list"))


@pytest.mark.parametrize(
    ("sessions", "in_turn"), [(1, False), (4, False), (4, True)], ids=["one session", "the last one", "in turn"]
)
async def test_a_pooler_in_transaction_mode_is_refused_before_anything_is_locked(
    deployment: Deployment, sessions: int, *, in_turn: bool
) -> None:
    """Exit code 2 and one sentence that names the setting; PostgreSQL holds no lock for anybody, and the schema stands.

    Whatever the pooler makes of the settings of a session: it drops them here.
    """
    newest = (await deployment.query("select max(version) from schema_migrations"))[0][0]
    await deployment.query("delete from schema_migrations where version = $1", newest)
    async with pooler(deployment.database_url, sessions=sessions, in_turn=in_turn) as shared:
        env = deployment.env(QQ_ALERT_DATABASE__URL=shared.database_url)
        for number, command in enumerate(COMMANDS):
            log = deployment.folder / f"{number}.log"
            process = Process(*command, env=env, log=log)
            await process.printed()
            assert process.end() == 2, command
            (line,) = log.read_text(encoding="utf-8").splitlines()
            assert line.startswith("qq-alert: $.database.url: the pooler there gives a connection no session"), command
            assert await deployment.query(LOCKS) == [(0,)], command
    assert (await deployment.query("select max(version) from schema_migrations"))[0][0] != newest


async def test_a_pooler_that_refuses_what_a_migration_asks_for_is_named_in_one_sentence(
    deployment: Deployment,
) -> None:
    """In session mode, too, dbmate asks for more at its start than pgbouncer takes unless it is told to."""
    newest = (await deployment.query("select max(version) from schema_migrations"))[0][0]
    await deployment.query("delete from schema_migrations where version = $1", newest)
    async with pooler(deployment.database_url, sessions=None) as kept:
        log = deployment.folder / "migrate.log"
        process = Process("migrate", env=deployment.env(QQ_ALERT_DATABASE__URL=kept.database_url), log=log)
        await process.printed()
    assert process.end() == 2
    (line,) = log.read_text(encoding="utf-8").splitlines()
    assert line.startswith("qq-alert: $.database.url: the pooler there does not take all that is asked of it")
    assert "unsupported startup parameter" in line


async def test_an_alert_is_sent_through_a_pooler_in_session_mode(deployment: Deployment) -> None:
    """Everybody is reached, once; and a session has its bounds, which the pooler takes in no startup message."""
    await deployment.provider()
    inside = await deployment.people(5_000)
    async with pooler(deployment.database_url, sessions=None) as kept:
        pool = await open_pool(kept.database_url)
        assert await pool.fetchval("select setting::int from pg_settings where name = 'lock_timeout'") == LOCK_S * 1000
        await pool.close()
        server = await deployment.server(QQ_ALERT_DATABASE__URL=kept.database_url)
        status, answer = await deployment.file(server)
        assert status == 202
        await deployment.sent(server, answer["alert"]["id"])
        assert np.array_equal(await deployment.reached(), inside)
        assert (await deployment.counts())["duplicates"] == 0
        # Beside this loop, which its connections go through.
        await asyncio.to_thread(server.end)
