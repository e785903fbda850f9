"""Accounts: a token has a role, a name, an expiry and a last use, and may belong to an authority."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

import sql.access
from geo.connection import connect
from handlers.auth.token_store import TokenStore, digest
from handlers.http.bearer import Bearer
from handlers.http.roles import Role
from server.administration import access
from server.settings import load
from server.stores import Stores
from tests.support.processes.own_metrics import OwnMetrics
from tests.support.processes.processes import UNTIL_S, until

if TYPE_CHECKING:
    from redis import asyncio as aioredis

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment


def _stores(deployment: Deployment) -> Stores:
    return Stores(deployment.database_url, deployment.redis_url, embedded=False, dead=lambda: None)


async def _new_token(deployment: Deployment, *, days: int = 30, authority: str | None = None) -> tuple[int, str]:
    settings = load(None, deployment.env())
    return await access.create_token(
        settings, _stores(deployment), Role.OPERATOR, "desk", days=days, authority=authority
    )


async def test_a_token_is_listed_with_all_its_data_and_is_refused_after_its_expiry(deployment: Deployment) -> None:
    """Role, name, authority, expiry and last use, but not the token; before the expiry an alarm, then a 401."""
    token_id, token = await _new_token(deployment, days=3, authority="sz")
    ended_id, ended = await _new_token(deployment)
    await deployment.query("update bearer_token set expires_at = now() - interval '1 second' where id = $1", ended_id)
    own = OwnMetrics.free()
    server = await deployment.server(**own.env)
    statuses = []
    async with aiohttp.ClientSession() as session:
        for presented in (token, ended, "qqa_\udcff"):
            headers = {"Authorization": f"Bearer {presented}"}
            async with session.get(f"{server.url}/v1/alerts", headers=headers) as response:
                statuses.append(response.status)

        async def both_alarmed() -> bool:
            return 'qq_alert_alarms{kind="expires_soon",lane="*"} 2.0' in await own.text()

        await until(both_alarmed)
    assert statuses == [200, 401, 401]
    rows: list[dict[str, Any]] = list(await deployment.command("token", "list", "--json"))  # type: ignore[arg-type]
    row = next(row for row in rows if row["id"] == token_id)
    ends = datetime.fromisoformat(row["expires_at"]) - datetime.now(UTC)
    assert (row["role"], row["name"], row["authority"], row["revoked_at"]) == ("operator", "desk", "sz", None)
    assert timedelta(days=2) < ends <= timedelta(days=3)
    assert datetime.now(UTC) - datetime.fromisoformat(row["last_used_at"]) < timedelta(minutes=1)
    assert token not in str(rows)


async def test_a_cached_token_expires_on_time(
    deployment: Deployment, pool: Pool, redis: aioredis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is cached for no longer than it is valid, however long others are."""
    monkeypatch.setattr("handlers.auth.token_store.CACHE_S", 10 * UNTIL_S)
    token_id, token = await _new_token(deployment, authority="sz")
    await deployment.query("update bearer_token set expires_at = now() + interval '10 seconds' where id = $1", token_id)
    token_store, header = TokenStore(pool, redis), f"Bearer {token}"
    [person] = (await deployment.query("select person_id from bearer_token where id = $1", token_id))[0]
    assert await token_store.bearer_of(header) == Bearer(Role.OPERATOR, "desk", token_id, "sz", digest(token), person)

    async def is_over() -> bool:
        return await token_store.bearer_of(header) is None

    await until(is_over)


async def test_the_last_use_is_written_once_a_minute_by_all_processes_together(
    deployment: Deployment, pool: Pool, redis: aioredis.Redis
) -> None:
    """A second process that sees the token in the same minute writes nothing; one that sees it later does."""
    token_id, token = await _new_token(deployment)

    async def used() -> datetime | None:
        await TokenStore(pool, redis).bearer_of(f"Bearer {token}")
        return next(row.last_used_at for row in await sql.access.list_tokens(pool) if row.id == token_id)

    first = await used()
    assert first is not None
    assert await used() == first
    await deployment.query(
        "update bearer_token set last_used_at = now() - interval '61 seconds' where id = $1", token_id
    )
    later = await used()
    assert later is not None
    assert later > first


async def test_a_token_belongs_to_a_valid_authority_and_ends_with_it(deployment: Deployment, pool: Pool) -> None:
    """No token for an unknown authority; those of a revoked one are refused."""
    with pytest.raises(access.RegistryError, match="no active authority nobody"):
        await _new_token(deployment, authority="nobody")
    with pytest.raises(access.RegistryError, match="1 to 1095 days"):
        await _new_token(deployment, days=1096)
    _, token = await _new_token(deployment, authority="sz")
    await sql.access.revoke_authority(pool, "sz")
    client = connect(deployment.redis_url)
    assert await TokenStore(pool, client).bearer_of(f"Bearer {token}") is None
    await client.aclose()
