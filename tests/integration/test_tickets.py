"""Tickets of the feed: made by servers only, for one use, for as long as the token behind them may listen."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING

import aiohttp
import pytest

from handlers.auth import tickets
from handlers.auth.token_store import digest
from handlers.http.roles import Role
from runtime.authentication_codes import AuthenticationCodes, key_material
from server.administration import access
from server.administration.encryption import encryption_key
from server.settings import load
from server.stores import Stores

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NOW_MS = 1_800_000_000_000
CODES = AuthenticationCodes([b"k" * 32], tickets.LABEL)


async def _status(server: Process, ticket: str) -> int:
    """Return the status with which a ticket is answered; 426 means that it was let in."""
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.get(f"{server.url}/v1/feed", params={"ticket": ticket}) as response,
    ):
        return response.status


async def _ticket(deployment: Deployment, server: Process, token: str) -> str:
    status, answer = await deployment.post(f"{server.url}/v1/feed/tickets", None, token)
    assert status == 200, answer
    ticket: str = answer["ticket"]
    return ticket


async def _token(deployment: Deployment, role: Role) -> tuple[int, str]:
    settings = load(None, deployment.env())
    stores = Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)
    return await access.create_token(settings, stores, role, "Vera")


async def test_a_ticket_that_redis_holds_opens_nothing(deployment: Deployment, redis: aioredis.Redis) -> None:
    """A forged key with the digest of a valid token, under any name: 401."""
    server = await deployment.server()
    for forged in ("forged", secrets.token_urlsafe(32)):
        for name in (digest(forged).hex(), hashlib.sha256(forged.encode()).hexdigest(), forged):
            await redis.set(f"ticket:{name}", digest(deployment.token))
        assert await _status(server, forged) == 401


async def test_two_servers_take_each_others_tickets_once(deployment: Deployment, redis: aioredis.Redis) -> None:
    """Redis remembers its use, for whichever of them."""
    one, two = await deployment.server(), await deployment.server()
    ticket = await _ticket(deployment, one, deployment.token)
    assert await redis.keys("ticket:*") == []
    assert [await _status(two, ticket), await _status(two, ticket), await _status(one, ticket)] == [426, 401, 401]
    [used] = await redis.keys("ticket:*")
    assert 0 < await redis.ttl(used) <= 4 * tickets.TICKET_S


async def test_a_ticket_of_a_token_that_was_revoked_meanwhile_opens_nothing(deployment: Deployment) -> None:
    """The token is looked up when the ticket is used."""
    server = await deployment.server()
    token_id, token = await _token(deployment, Role.VIEWER)
    ticket = await _ticket(deployment, server, token)
    await deployment.query("update bearer_token set revoked_at = now() where id = $1 returning id", token_id)
    assert await _status(server, ticket) == 401


@pytest.mark.parametrize("when", ["before", "while it is open"])
async def test_a_token_that_lost_its_role_listens_no_longer(deployment: Deployment, when: str) -> None:
    """A ticket of it opens nothing, and a feed that is open is closed."""
    server = await deployment.server()
    token_id, token = await _token(deployment, Role.VIEWER)
    ticket = await _ticket(deployment, server, token)
    demote = "update bearer_token set role = 'platform' where id = $1 returning id"
    if when == "before":
        await deployment.query(demote, token_id)
        assert await _status(server, ticket) == 401
        return
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.ws_connect(f"{server.url}/v1/feed?ticket={ticket}") as feed,
    ):
        await feed.receive_json()
        await deployment.query(demote, token_id)
        last = await feed.receive(timeout=60)
        assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)


async def test_the_key_of_tickets_is_derived_from_the_encryption_key(deployment: Deployment) -> None:
    """A ticket made with it is good; with the key itself, or with another label, it is not."""
    server = await deployment.server()
    [key] = key_material(encryption_key(load(None, deployment.env())))
    [(token_id, now_s)] = await deployment.query("select max(id), extract(epoch from now())::bigint from bearer_token")
    good = AuthenticationCodes([key], tickets.LABEL)
    assert await _status(server, tickets.written(good, token_id, now_s * 1000)) == 426
    for other in (
        AuthenticationCodes([key], "qq-alert record position"),
        AuthenticationCodes([b"x" * 32], tickets.LABEL),
    ):
        assert await _status(server, tickets.written(other, token_id, now_s * 1000)) == 401


def test_a_ticket_is_read_within_its_time_and_unchanged_only() -> None:
    """Over, from far ahead, cut, longer, or with any bit changed: it says nothing."""
    ticket = tickets.written(CODES, 7, NOW_MS)
    read = tickets.read(CODES, ticket, NOW_MS)
    assert read is not None
    assert (read.token_id, read.until_ms) == (7, NOW_MS + tickets.TICKET_S * 1000)
    assert tickets.read(CODES, ticket, NOW_MS + tickets.TICKET_S * 1000) is None
    assert tickets.read(CODES, ticket, NOW_MS - 10**9) is None
    raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert tickets.read(CODES, base64.urlsafe_b64encode(changed).decode(), NOW_MS) is None
    for bad in ("", "=", "x", ticket[:-1], ticket + "AAAA", ticket * 3, "é" * 40, "\0", "A" * 201, "\udcff"):
        assert tickets.read(CODES, bad, NOW_MS) is None


def test_the_newest_of_several_keys_makes_codes_and_all_verify_them() -> None:
    """While the encryption key is changed, tickets of servers with the older one are still good."""
    old, new = b"o" * 32, b"n" * 32
    ticket = tickets.written(AuthenticationCodes([old], tickets.LABEL), 7, NOW_MS)
    assert tickets.read(AuthenticationCodes([new, old], tickets.LABEL), ticket, NOW_MS) is not None
    assert tickets.read(AuthenticationCodes([new], tickets.LABEL), ticket, NOW_MS) is None
