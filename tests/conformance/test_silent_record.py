"""A silent record: the double's pool gives up when the real one does, and goes on with another connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
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
    from collections.abc import AsyncIterator

    from server.embedded import StoreUrls
    from sql.database import Pool

PING: Final = sql.query.query("ping")
NOISE_S: Final = 4.0
"""An allowance for a busy machine: less than what a dead peer takes beyond a statement's time."""

TICK_S: Final = 0.05
PAUSE_S: Final = 2 * TICK_S
"""Of a longer while in which this process did not run, so much is counted."""

TIMEOUTS: Final = pytest.mark.parametrize("within_s", [None, 0.5])


@TIMEOUTS
async def test_a_pool_waits_for_a_silent_record_as_long_as_one_statement_may_take(
    stores: StoreUrls, within_s: float | None
) -> None:
    """The connection is dead; the statement ends by its own time, or by that of all.

    How long it takes beyond that is counted only while this process runs.
    """
    assert stores.postgres is not None
    async with postgres_proxy(stores.postgres) as proxy:
        pool = await open_pool(proxy.database_url)
        try:
            proxy.forget()
            async with _running_s() as parts_s:
                took_s = await _took_s(pool, within_s)
            assert await pool.fetchval(PING) is not None
        finally:
            pool.terminate()
    bound_s = within_s or COMMAND_TIMEOUT_S
    assert took_s >= bound_s
    assert sum(parts_s) - bound_s < NOISE_S


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


@asynccontextmanager
async def _running_s() -> AsyncIterator[list[float]]:
    """Return where the parts of the time will stand in which this process runs."""
    loop, parts_s = asyncio.get_running_loop(), list[float]()

    async def note() -> None:
        while True:
            since_s = loop.time()
            await asyncio.sleep(TICK_S)
            parts_s.append(min(loop.time() - since_s, PAUSE_S))

    noting = asyncio.create_task(note(), name="running")
    try:
        yield parts_s
    finally:
        noting.cancel()


async def _took_s(pool: Pool, within_s: float | None) -> float:
    since_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await pool.fetch(PING, timeout=within_s)
    return asyncio.get_running_loop().time() - since_s
