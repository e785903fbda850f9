"""Faults of the stores themselves: killed, failed over, full, read-only, busy, emptied.

Cases are filed and alerts stopped while Redis is in trouble, which both must survive. Bounded by the step, and by the
start of a store.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import asyncpg

from tests.campaign.faults.step import Kind
from tests.support.stores.cluster import Cluster
from tests.support.stores.refusals import DISK_FULL, FUNCTION, TRIGGER, refusing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.campaign.faults.step import Healing, Step
    from tests.campaign.world import World

LOST_COMMITS_S = 1.0
"""For how long the primary goes on without its standby before it fails: what it commits then is lost."""


@asynccontextmanager
async def _without_record(world: World) -> AsyncIterator[None]:
    """Note that no server hears from PostgreSQL."""
    async with AsyncExitStack() as stack:
        for slot in world.slots:
            stack.enter_context(slot.disturbance(slot.cut_off))
        yield


@asynccontextmanager
async def kill_postgres(world: World, _: Step) -> Healing:
    """Crash PostgreSQL and start it again."""
    async with world.postgres_lock, _without_record(world):
        await world.postgres.restart(hard=True)
        yield


@asynccontextmanager
async def fail_over(world: World, _: Step, *, lost: bool, silent: bool = False) -> Healing:
    """Kill the primary and promote its standby.

    `lost`: the standby misses the last commits, among them an event of the audit trail. `silent`: connections to the
    dead primary stay silent, as those to a machine that is gone.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.postgres_lock)
        for slot in world.slots:
            await stack.enter_async_context(slot.postgres.lock)
        await world.postgres.follow()
        old = world.postgres.primary
        began = time.time()
        if lost:
            # A case that is filed now would be lost with its answer: that is what asynchronous replication costs.
            await stack.enter_async_context(world.filing_lock)
            await world.postgres.detach()
            await world.act()
            await asyncio.sleep(LOST_COMMITS_S)
        else:
            await world.postgres.wait_for_standby()
        async with _without_record(world):
            for slot in world.slots:
                if silent:
                    slot.postgres.forget()
                slot.postgres.silence()
            await world.postgres.promote()
            if lost:
                world.lost_spans.append((began, time.time()))
            world.use_primary()
            for slot in world.slots:
                if not silent:
                    slot.postgres.cut()
                await slot.postgres.heal()
        shutil.rmtree(old.socket.parents[1], ignore_errors=True)
    yield


@asynccontextmanager
async def fill_disk(world: World, _: Step) -> Healing:
    """Let the ledger take no row, with the error of a full disk."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.postgres_lock)
        for slot in world.slots:
            stack.enter_context(slot.disturbance(slot.refused))
        await world.deployment.query(FUNCTION.format(code=DISK_FULL))
        await world.deployment.query(TRIGGER)
        try:
            yield
        finally:
            await world.deployment.query("drop trigger refusing on ledger")


@asynccontextmanager
async def cancel_statements(world: World, _: Step) -> Healing:
    """Cancel whatever the servers ask PostgreSQL, again and again."""

    async def cancel() -> None:
        while True:
            with suppress(asyncpg.PostgresError, OSError):
                await world.deployment.query(
                    "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'qq-alert'"
                    " and state = 'active' and pid <> pg_backend_pid()"
                )

    async with world.postgres_lock, _without_record(world):
        cancelling = asyncio.create_task(cancel(), name="cancel statements")
        try:
            yield
        finally:
            cancelling.cancel()
            await asyncio.wait({cancelling})


@asynccontextmanager
async def kill_redis(world: World, _: Step) -> Healing:
    """Kill Valkey and start it again."""
    async with world.redis_lock:
        await world.kill_valkey()
        yield


@asynccontextmanager
async def refuse(world: World, _: Step, *, how: str) -> Healing:
    """Let Valkey answer and refuse."""
    async with world.redis_lock, world.redis() as redis, refusing(redis, how):
        yield


@asynccontextmanager
async def flush(world: World, _: Step) -> Healing:
    """Empty Valkey; afterwards phones report their positions again."""
    async with world.redis_lock:
        async with world.redis() as redis:
            await redis.flushall()
        yield
        await world.report_positions()


@asynccontextmanager
async def fail_over_cluster(world: World, _: Step) -> Healing:
    """Kill a primary of the cluster until its replica serves; then it joins again."""
    assert isinstance(world.valkey, Cluster)
    async with world.redis_lock:
        await world.valkey.fail_over()
        yield
        await world.valkey.rejoin()


SINGLE = "valkey"

KINDS = {
    "postgresql killed": Kind(make=kill_postgres, one_server=False, repeats=True),
    "failover synchronous": Kind(make=partial(fail_over, lost=False), one_server=False, repeats=True),
    "failover with lost commits": Kind(make=partial(fail_over, lost=True), one_server=False, repeats=True),
    "failover with dead connections": Kind(
        make=partial(fail_over, lost=False, silent=True),
        one_server=False,
        repeats=True,
        by_default=False,
    ),
    "disk full": Kind(make=fill_disk, one_server=False, repeats=True),
    "statements cancelled": Kind(make=cancel_statements, one_server=False, repeats=True),
    "redis killed": Kind(make=kill_redis, one_server=False, on=SINGLE),
    "redis out of memory": Kind(make=partial(refuse, how="full"), one_server=False, on=SINGLE),
    "redis read-only": Kind(make=partial(refuse, how="read-only"), one_server=False, on=SINGLE),
    "redis busy": Kind(make=partial(refuse, how="busy"), one_server=False, on=SINGLE),
    "redis without replicas": Kind(make=partial(refuse, how="no replicas"), one_server=False, on=SINGLE),
    "redis emptied": Kind(
        make=flush,
        one_server=False,
        on=SINGLE,
        by_default=False,
    ),
    "cluster failover": Kind(make=fail_over_cluster, one_server=False, on="cluster"),
}
