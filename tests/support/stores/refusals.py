"""Stores that answer and refuse: a ledger that takes no row; a Redis without memory, read-only, busy, without replicas.

Bounded by the test: everything is taken back.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment

DISK_FULL: Final = "53100"
FUNCTION: Final = """create or replace function refuse() returns trigger language plpgsql as
                      $$ begin raise exception 'refused' using errcode = '{code}'; end $$"""
TRIGGER: Final = "create trigger refusing before insert on ledger for each statement execute function refuse()"

SETTINGS: Final = {"full": ("maxmemory", "1"), "no replicas": ("min-replicas-to-write", "1")}
NOTHING_THERE: Final = ("127.0.0.1", "9")


ROWS_FUNCTION: Final = """create or replace function refuse_rows() returns trigger language plpgsql as $$
                          begin
                              if {condition} then raise exception 'refused' using errcode = '{code}'; end if;
                              return coalesce(new, old);
                          end $$"""


@asynccontextmanager
async def rows_refusing(deployment: Deployment, what: str, condition: str, code: str) -> AsyncIterator[None]:
    """Make PostgreSQL refuse the rows of `what`, as "insert on ledger", for which an SQL condition holds."""
    await deployment.query(ROWS_FUNCTION.format(condition=condition, code=code))
    await deployment.query(f"create trigger refusing_rows before {what} for each row execute function refuse_rows()")
    try:
        yield
    finally:
        await deployment.query(f"drop trigger refusing_rows on {what.rpartition(' ')[2]}")


@asynccontextmanager
async def record_refusing(deployment: Deployment, what: str, code: str) -> AsyncIterator[None]:
    """Make PostgreSQL refuse each row of `what`, as "insert on ledger", with a SQLSTATE."""
    await deployment.query(FUNCTION.format(code=code))
    await deployment.query(f"create trigger refusing before {what} for each row execute function refuse()")
    try:
        yield
    finally:
        await deployment.query(f"drop trigger refusing on {what.rpartition(' ')[2]}")


@asynccontextmanager
async def refusing(redis: aioredis.Redis, how: str) -> AsyncIterator[None]:
    """Make Redis refuse writes while it answers reads, or answer BUSY."""
    if how == "busy":
        await redis.config_set("busy-reply-threshold", 50)

        async def spin() -> None:
            with suppress(ResponseError):
                await redis.eval("while true do end", 0)

        spinning = asyncio.create_task(spin(), name="a script of somebody else")
        try:
            yield
        finally:
            with suppress(RedisError):
                await redis.script_kill()
            await spinning
            await redis.config_set("busy-reply-threshold", 5000)
        return
    if how == "read-only":
        await redis.replicaof(*NOTHING_THERE)
    else:
        await redis.config_set(*SETTINGS[how])
    try:
        yield
    finally:
        if how == "read-only":
            await redis.replicaof("NO", "ONE")
        else:
            await redis.config_set(SETTINGS[how][0], "0")
