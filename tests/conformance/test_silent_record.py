"""A silent record: the double's pool gives up when the real one does, and goes on with another connection."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

import sql.query
from sql.database import COMMAND_TIMEOUT_S, open_pool
from tests.simulation.clock import SimulatedLoop
from tests.simulation.record.pool import FakePool
from tests.simulation.record.server import RecordServer
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from server.embedded import StoreUrls
    from sql.database import Pool

PING: Final = sql.query.query("ping")
NOISE_S: Final = 4.0
"""An allowance for a busy machine: less than what a dead peer takes beyond a statement's time."""

TIMEOUTS: Final = pytest.mark.parametrize("within_s", [None, 0.5])


@TIMEOUTS
async def test_a_pool_waits_for_a_silent_record_as_long_as_one_statement_may_take(
    stores: StoreUrls, within_s: float | None
) -> None:
    """The connection is dead; the statement ends by its own time, or by that of all."""
    assert stores.postgres is not None
    async with postgres_proxy(stores.postgres) as proxy:
        pool = await open_pool(proxy.database_url)
        try:
            proxy.forget()
            took_s = await _took_s(pool, within_s)
            assert await pool.fetchval(PING) is not None
        finally:
            pool.terminate()
    assert 0 <= took_s - (within_s or COMMAND_TIMEOUT_S) < NOISE_S


@TIMEOUTS
def test_the_doubles_pool_waits_as_long(within_s: float | None) -> None:
    """A process that hears nothing of the record asks again as soon as a real one does."""
    loop = SimulatedLoop()
    server = RecordServer(loop, Random(0))
    pool = cast("Pool", FakePool(server, None))

    async def ask() -> float:
        server.faults.hanging = cast("Any", {None})
        took_s = await _took_s(pool, within_s)
        server.faults.hanging.clear()
        assert await pool.fetchval(PING) is not None
        return took_s

    try:
        took_s = loop.run_until_complete(ask())
    finally:
        loop.close()
    assert took_s == pytest.approx(within_s or COMMAND_TIMEOUT_S)
    assert not server.sessions


async def _took_s(pool: Pool, within_s: float | None) -> float:
    since_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await pool.fetch(PING, timeout=within_s)
    return asyncio.get_running_loop().time() - since_s
