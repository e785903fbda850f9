"""Every query fits the migrated schema, and the record keeps its promises."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import numpy as np
import pytest

import sql.ledger
import sql.migrate
from push.fanout.packing import pack, unpack
from sql.ledger import LedgerRow
from sql.query import names, query

if TYPE_CHECKING:
    from server.embedded import StoreUrls
    from sql.database import Pool


async def test_every_query_can_be_prepared_against_the_schema(pool: Pool) -> None:
    """PostgreSQL accepts each text and knows its tables, columns and types."""
    refused: dict[str, str] = {}
    async with pool.acquire() as connection:
        for name in names():
            try:
                await connection.prepare(query(name))
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    assert names()
    assert not refused


async def test_migrating_again_changes_nothing(stores: StoreUrls) -> None:
    """A second server that starts finds the schema current; a missing migration is applied."""
    assert stores.postgres is not None
    last = "select max(version) from schema_migrations"
    connection = await asyncpg.connect(stores.postgres)
    await sql.migrate.migrate(stores.postgres)
    newest = await connection.fetchval(last)
    # The last migration tolerates existing tables, so only a second run of it would be noticed.
    await connection.execute("delete from schema_migrations where version = $1", newest)
    with pytest.raises(sql.migrate.MigrationError):
        await sql.migrate.migrate(stores.postgres)
    await connection.close()


def test_dbmate_gets_the_socket_folder_and_an_ssl_mode() -> None:
    """Asyncpg's URL forms are translated for dbmate."""
    assert sql.migrate.dbmate_url("postgresql://app@/app?host=/run/pg", encrypted=False) == (
        "postgres://app@/app?socket=%2Frun%2Fpg&sslmode=disable"
    )
    assert sql.migrate.dbmate_url("postgresql://u:p@db:5432/app", encrypted=True) == (
        "postgres://u:p@db:5432/app?sslmode=require"
    )


async def test_a_commit_that_is_sent_twice_is_recorded_once(pool: Pool) -> None:
    """After a lost reply the same rows are not counted again, and can be read."""
    alert = uuid4()
    users = np.array([5, 9, 70_000], dtype=np.int64)
    row = LedgerRow(alert, "alert", 0, 16, 1, "accepted", "tpns", 1, 3, pack(users))
    await sql.ledger.commit(pool, [row])
    await sql.ledger.commit(pool, [row])
    notified = await sql.ledger.settled(pool, alert, "alert", 1, 0, 16, lane="tpns", invalid_for=timedelta(days=3))
    assert [unpack(packed).tolist() for packed in notified] == [users.tolist()]
    assert (await sql.ledger.size(pool, alert))[0] == 3


async def test_recipients_with_an_invalid_token_are_retried_only_after_a_while(pool: Pool) -> None:
    """A wider ring leaves them out, a later pass does not; in another lane they are notified at once."""
    alert, users = uuid4(), np.array([5, 9], dtype=np.int64)
    await sql.ledger.commit(pool, [LedgerRow(alert, "alert", 0, 16, 1, "invalid", "huawei", 1, 2, pack(users))])

    async def notified(lane: str, invalid_for: timedelta) -> int:
        return len(await sql.ledger.settled(pool, alert, "alert", 1, 0, 16, lane=lane, invalid_for=invalid_for))

    assert await notified("huawei", timedelta(minutes=5)) == 1
    assert await notified("huawei", timedelta(seconds=-1)) == 0
    assert await notified("apns", timedelta(minutes=5)) == 0


async def test_the_ledger_takes_at_most_four_bytes_a_recipient(pool: Pool) -> None:
    """Ids of 860 million users, 2,600 of a shard in an area: packed they take less than four bytes each."""
    alert = uuid4()
    rng = np.random.default_rng(3)
    for batch in range(3):
        users = rng.choice(860_000_000, 870, replace=False).astype(np.int64)
        row = LedgerRow(alert, "alert", 0, 16, batch, "accepted", "tpns", 1, users.size, pack(users))
        await sql.ledger.commit(pool, [row])
    recipients, packed_bytes = await sql.ledger.size(pool, alert)
    assert recipients == 3 * 870
    assert packed_bytes <= 4 * recipients
