"""A server that is not the newest goes on when another one has migrated the schema: they are replaced one by one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tests.support.processes.interpreter import server_of
from tests.support.processes.older_version import exported, migrations_below, newest_migration
from tests.support.processes.processes import ROOT, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment


def _known(deployment: Deployment) -> dict[str, str]:
    """Return the settings without those that the older version does not know: they would keep it from starting."""
    newer = ("QQ_ALERT_ALERT__UNIT_PEOPLE", "QQ_ALERT_PRIVACY__")
    return {name: value for name, value in deployment.env().items() if not name.startswith(newer)}


async def test_the_version_before_the_newest_migration_serves_on_its_schema(
    deployment: Deployment, tmp_path: Path
) -> None:
    """It takes a case, reaches everybody once, and takes the notice that the child is found."""
    folder = await asyncio.to_thread(exported, tmp_path)
    # Not always the newest by number: some are numbered before they are written.
    assert migrations_below(folder) < migrations_below(ROOT)
    newest = newest_migration().partition("_")[0]
    await deployment.provider()
    inside = await deployment.people(5_000)
    arguments = ["-m", "server.cli", "serve"]
    env = _known(deployment)
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


async def test_who_enters_the_area_of_an_alert_that_the_version_before_filed_is_notified(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The newest server takes the report, beside the older one, and notifies without a pass."""
    folder = await asyncio.to_thread(exported, tmp_path)
    await deployment.provider()
    inside = await deployment.people(1_000)
    arguments = ["-m", "server.cli", "serve"]
    env = _known(deployment)
    async with server_of(arguments, folder, env, deployment.log) as older:
        status, answer = await deployment.file(older)
        assert status == 202, answer
        await deployment.sent(older, answer["alert"]["id"])
    newest = await deployment.server()
    row = {"user": 1, "lane": "tpns", "longitude": 114.06, "latitude": 22.55, "at": datetime.now(UTC)}
    assert await deployment.post(f"{newest.url}/v1/devices", [row]) == (200, {"accepted": 1, "rejected": []})
    await until(lambda: _is_reached(deployment, inside.size + 1))
    assert (await deployment.counts())["duplicates"] == 0


async def _is_reached(deployment: Deployment, people: int) -> bool:
    return int((await deployment.counts())["distinct"]) >= people
