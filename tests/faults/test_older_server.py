"""A server that is not the newest goes on when another one has migrated the schema: they are replaced one by one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from tests.support.processes.interpreter import server_of
from tests.support.processes.older_version import exported, newest_migration

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment


async def test_the_version_before_the_newest_migration_serves_on_its_schema(
    deployment: Deployment, tmp_path: Path
) -> None:
    """It takes a case, reaches everybody once, and takes the notice that the child is found."""
    folder = await asyncio.to_thread(exported, tmp_path)
    assert not (folder / "sql" / "migrations" / newest_migration()).exists()
    newest = newest_migration().partition("_")[0]
    await deployment.provider()
    inside = await deployment.people(5_000)
    arguments = ["-m", "server.cli", "serve"]
    # A setting that it does not know yet would keep it from starting.
    env = {name: value for name, value in deployment.env().items() if not name.endswith("UNIT_PEOPLE")}
    async with server_of(arguments, folder, env, deployment.log) as older:
        status, answer = await deployment.file(older)
        assert status == 202, answer
        alert = answer["alert"]["id"]
        await deployment.sent(older, alert)
        assert np.array_equal(await deployment.reached(), inside)
        assert (await deployment.counts())["duplicates"] == 0
        status, answer = await deployment.post(
            f"{older.url}/v1/alerts/{alert}/found", {"reason": "at home", "case_number": "SZ-2026-000123"}
        )
        assert status == 200, answer
    assert (await deployment.query("select max(version) from schema_migrations")) == [(newest,)]
