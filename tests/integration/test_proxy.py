"""The proxy of the fault tests does to a real connection what it says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.support.stores.proxy import proxied

if TYPE_CHECKING:
    from server.embedded import StoreUrls

LATENCY_S = 0.1


def _socket(stores: StoreUrls) -> Path:
    assert stores.redis is not None
    return Path(stores.redis.removeprefix("unix://"))


def _client(port: int) -> aioredis.Redis:
    """Return a client that tries nothing again by itself."""
    return aioredis.Redis(port=port, socket_timeout=None, retry=Retry(NoBackoff(), 0), single_connection_client=True)


async def test_a_silent_way_holds_what_is_sent_until_it_heals(stores: StoreUrls) -> None:
    """A command waits on its connection, a new connection is accepted; both are answered once the way heals."""
    async with proxied(_socket(stores)) as proxy, _client(proxy.port) as known, _client(proxy.port) as other:
        assert await known.ping()
        proxy.silence()
        waiting = {asyncio.ensure_future(client.incr("held")) for client in (known, other)}
        _, pending = await asyncio.wait(waiting, timeout=LATENCY_S)
        assert pending == waiting
        await proxy.heal()
        assert {await one for one in waiting} == {1, 2}


async def test_a_slow_way_takes_its_time(stores: StoreUrls) -> None:
    """There and back cost the latency twice."""
    async with proxied(_socket(stores)) as proxy, _client(proxy.port) as client:
        await client.ping()
        proxy.latency_s = LATENCY_S
        began_s = asyncio.get_running_loop().time()
        await client.ping()
        assert asyncio.get_running_loop().time() - began_s >= 2 * LATENCY_S


async def test_a_cut_ends_connections_and_a_refusal_takes_no_new_ones(stores: StoreUrls) -> None:
    """Cut, a client connects again; refused, it cannot, until the way heals, at the same port."""
    async with proxied(_socket(stores)) as proxy:
        async with _client(proxy.port) as client:
            await client.ping()
            proxy.cut()
            with pytest.raises((RedisError, OSError)):
                await client.ping()
        async with _client(proxy.port) as client:
            assert await client.ping()
        proxy.refuse()
        with pytest.raises((RedisError, OSError)):
            async with _client(proxy.port) as client:
                await client.ping()
        await proxy.heal()
        async with _client(proxy.port) as client:
            assert await client.ping()


async def test_a_forgotten_connection_stays_silent_while_new_ones_pass(stores: StoreUrls) -> None:
    """As after the failover of a machine that is gone: no reset, no answer, and its client may give up."""
    async with proxied(_socket(stores)) as proxy, _client(proxy.port) as dead:
        await dead.ping()
        proxy.forget()
        waiting = asyncio.ensure_future(dead.ping())
        async with _client(proxy.port) as new:
            assert await new.ping()
        await asyncio.wait({waiting}, timeout=LATENCY_S)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait({waiting})
