"""Migrations go up and down: the schema comes back as it was, and rows keep their meaning."""

from __future__ import annotations

import asyncio
import sysconfig
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import sql.ledger
import sql.migrate
from push.fanout.packing import pack
from sql.database import open_pool
from sql.ledger import LedgerRow, NotifiedRow
from tests.integration.test_claims import add_alert, add_authority

if TYPE_CHECKING:
    from server.embedded import StoreUrls
    from sql.database import Pool

WORDS = "20261128000001"
"""The migration that gave columns and outcomes the terms of the glossary."""

COLUMNS = """select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
from information_schema.columns where table_schema = 'public' and table_name <> 'schema_migrations' order by 1"""


def _versions() -> list[str]:
    return sorted(file.name.partition("_")[0] for file in resources.files("sql").joinpath("migrations").iterdir())


async def _take_back(url: str) -> None:
    """Take the newest migration back."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sysconfig.get_path("scripts")) / "dbmate"),
        "--migrations-dir",
        str(resources.files("sql").joinpath("migrations")),
        "--no-dump-schema",
        "rollback",
        env={"DATABASE_URL": sql.migrate.dbmate_url(url, encrypted=False)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def _columns(pool: Pool) -> list[str]:
    return [row[0] for row in await pool.fetch(COLUMNS)]


async def test_every_migration_can_be_taken_back_and_applied_again(stores: StoreUrls, pool: Pool) -> None:
    """Down to the empty database, and up to the same columns."""
    assert stores.postgres is not None
    before = await _columns(pool)
    for _ in _versions():
        await _take_back(stores.postgres)
    assert await _columns(pool) == []
    await sql.migrate.migrate(stores.postgres)
    assert await _columns(pool) == before


async def test_outcomes_of_earlier_servers_get_the_new_words_and_the_old_ones_back(stores: StoreUrls) -> None:
    """`unsure` becomes `indeterminate` and the other way round; whom it is about, and which version, stays."""
    assert stores.postgres is not None
    pool = await open_pool(stores.postgres)
    await add_authority(pool)
    alert = await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    unit: int = await pool.fetchval("select id from sweep_unit")
    packed = pack(np.array([5, 6], dtype=np.int64))
    row = LedgerRow(alert, "alert", 0, 1, 7, "indeterminate", "tpns", unit, 2, packed, 3)
    await sql.ledger.commit(pool, [row])
    await pool.execute("update alert set unverified_messages = array['Cancel: it is not signed']")
    for version in reversed(_versions()):
        await _take_back(stores.postgres)
        if version == WORDS:
            break
    await pool.close()
    old = await open_pool(stores.postgres)
    assert [tuple(one) for one in await old.fetch("select outcome, said, packed from ledger")] == [
        ("unsure", 3, packed)
    ]
    assert await old.fetchval("select mistrusted from alert") == ["Cancel: it is not signed"]
    assert await old.fetchval("select may_send('sending', 3::smallint, 'alert', 3::smallint)")
    await sql.migrate.migrate(stores.postgres)
    await old.close()
    new = await open_pool(stores.postgres)
    assert await sql.ledger.notified(new, alert, 4, 0, 1, indeterminate=True) == [NotifiedRow(packed, None)]
    assert await sql.ledger.notified(new, alert, 4, 0, 1, indeterminate=False) == []
    assert await new.fetchval("select unverified_messages from alert") == ["Cancel: it is not signed"]
    await new.close()
