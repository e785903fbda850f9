"""Leases: what is held stays held although an extension gets no answer, also what was claimed meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import sql.work
from push.fanout.claims.claims import Claims
from runtime.tasks import cancel_and_wait
from sql.database import open_pool
from tests.integration.test_claims import LEASE, add_alert, add_authority
from tests.support.processes.fork import patient_session
from tests.support.processes.processes import until
from tests.support.stores.claiming import claim_next
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    import pytest

    from server.embedded import StoreUrls
    from sql.database import Pool

LEASE_S: Final = 20.0
STATEMENT_S: Final = 60.0
"""A statement that nothing else bounds waits for so long here: on a dead connection it outlives any lease."""

LONG_S: Final = 60.0
WAITING: Final = (
    "select pid, query_start from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


async def test_an_extension_that_is_asked_again_includes_what_was_claimed_meanwhile(
    pool: Pool, stores: StoreUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no answer at first: the unit that was claimed while it waited is extended with the others at once."""
    assert stores.postgres is not None
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,), units=2)
    # It waits until the test cancels it: neither a lock nor a statement ends it before that.
    monkeypatch.setattr("sql.database._BEGIN_SESSION", f"{patient_session()}; set lock_timeout = 0")
    _let_statements_wait(monkeypatch)
    monkeypatch.setattr("push.fanout.claims.leases.EXTENSIONS_PER_LEASE", 40)
    waiting_pool = await open_pool(stores.postgres)
    claims = Claims(waiting_pool, LONG_S)
    first = await claims.next_unit("tpns")
    leases = "select lease_until from sweep_unit where id = any($1::bigint[]) order by id = $2 desc"
    before = await pool.fetchval("select lease_until from sweep_unit where id = $1", first.row.id)
    keeping = asyncio.create_task(claims.leases.keep(), name="leases")
    try:
        async with pool.acquire() as other, other.transaction():
            await other.execute("set local idle_in_transaction_session_timeout = 0")
            await other.execute("select from sweep_unit where id = $1 for update", first.row.id)
            await until(lambda: _waits(pool))
            waiting = await pool.fetchrow(WAITING)
            assert waiting is not None
            second = await claims.next_unit("tpns")
            assert await pool.fetchval("select pg_cancel_backend($1)", waiting["pid"])

            async def asks_again() -> bool:
                return any(row["query_start"] > waiting["query_start"] for row in await pool.fetch(WAITING))

            await until(asks_again)
        ids = [first.row.id, second.row.id]

        async def is_extended() -> bool:
            return bool((await pool.fetch(leases, ids, first.row.id))[0][0] != before)

        await until(is_extended)
        of_first, of_second = [row[0] for row in await pool.fetch(leases, ids, first.row.id)]
        assert of_second == of_first, "one statement extended both"
    finally:
        await cancel_and_wait([keeping])
        waiting_pool.terminate()


async def test_a_lease_outlives_an_extension_on_a_dead_connection(
    pool: Pool, stores: StoreUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections fall silent: it is extended on a new one before it ends, and nobody else gets the unit."""
    assert stores.postgres is not None
    await add_authority(pool)
    await add_alert(pool, "A", due_in_min=30, rings=(1,), units=1)
    _let_statements_wait(monkeypatch)
    async with postgres_proxy(stores.postgres) as proxy:
        proxied = await open_pool(proxy.database_url)
        claims = Claims(proxied, LEASE_S)
        unit = await claims.next_unit("tpns")
        held = "select lease_until from sweep_unit where id = $1"
        before = await pool.fetchval(held, unit.row.id)
        keeping = asyncio.create_task(claims.leases.keep(), name="leases")
        proxy.forget()

        async def is_extended() -> bool:
            assert await claim_next(pool, "tpns", uuid4(), LEASE, []) is None, "the lease has ended"
            return bool(await pool.fetchval(held, unit.row.id) != before)

        try:
            await until(is_extended)
            assert (await sql.work.halted(pool, [unit.row.id], claims.leases.owner))[1] == {}
        finally:
            await cancel_and_wait([keeping])
            proxied.terminate()


def _let_statements_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sql.database", "push.fanout.claims.leases"):
        monkeypatch.setattr(f"{module}.COMMAND_TIMEOUT_S", STATEMENT_S)


async def _waits(pool: Pool) -> bool:
    return bool(await pool.fetch(WAITING))
