"""A right that somebody takes from the user of a store while servers run: an alarm, a wait, and then all the rest."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from redis.exceptions import NoPermissionError, ResponseError

from geo.index.checks.denied import denied_right
from server.embedded import redis_user
from tests.support.alarms import alarms_of, until_cleared
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis import asyncio as aioredis

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NAME: Final = "denied"


@asynccontextmanager
async def _user(deployment: Deployment, redis: aioredis.Redis) -> AsyncIterator[None]:
    """Have the servers of a test log in as a user of the usual rights, which the test takes away."""
    rules = redis_user.line(NAME).split()[3:]
    await redis.execute_command("ACL", "SETUSER", NAME, "on", *rules)  # type: ignore[no-untyped-call]
    deployment.redis_login = f"{NAME}:{NAME}@"
    try:
        yield
    finally:
        await redis.execute_command("ACL", "DELUSER", NAME)  # type: ignore[no-untyped-call]


async def _set(redis: aioredis.Redis, *rules: str) -> None:
    await redis.execute_command("ACL", "SETUSER", NAME, *rules)  # type: ignore[no-untyped-call]


async def _until_begun(deployment: Deployment) -> None:
    async def begun() -> bool:
        return (await deployment.reached()).size > 0

    await until(begun)


async def _until_told(deployment: Deployment, server: Process, right: str) -> None:
    """Wait until the alarm names the right, and the server says that it is not ready."""

    async def is_told() -> bool:
        alarms = await alarms_of(deployment, server)
        return any(one["kind"] == "store_away" and f"refuses its user {right}:" in one["detail"] for one in alarms)

    await until(is_told)

    async def is_not_ready() -> bool:
        async with deployment.session() as session, session.get(f"{server.url}/ready") as response:
            said = (await response.json())["stores"]["redis"]
            return response.status == 503 and said in {"refuses", "takes no writes"}

    await until(is_not_ready)


@pytest.mark.parametrize(
    ("rules", "right"),
    [
        ("-geosearch", "the command geosearch"),
        ("-hmget", "the command hmget"),
        ("resetkeys", "one of its keys"),
    ],
)
async def test_a_right_that_is_taken_away_ends_no_server(
    deployment: Deployment, redis: aioredis.Redis, rules: str, right: str
) -> None:
    """The alarm names it, and /ready is 503; given back, everybody is reached, once, and the alarm ends."""
    async with _user(deployment, redis):
        await deployment.provider("--latency-ms", "300")
        inside = await deployment.people(15_000)
        server = await deployment.server()
        _, answer = await deployment.file(server)
        await _until_begun(deployment)
        await _set(redis, rules)
        await _until_told(deployment, server, right)
        assert server.alive
        await _set(redis, *redis_user.RULES.split())
        await deployment.sent(server, answer["alert"]["id"])
        await until_cleared(deployment, server, "store_away")
        assert await _report(deployment, server) == 200
        assert np.array_equal(await deployment.reached(), inside)
        assert (await deployment.counts())["duplicates"] == 0


async def test_a_right_that_a_script_lacks_is_an_answer_503_and_an_alarm(
    deployment: Deployment, redis: aioredis.Redis
) -> None:
    """Redis says it without its code; reports are taken again once it is given back."""
    async with _user(deployment, redis):
        server = await deployment.server()
        assert await _report(deployment, server) == 200
        await _set(redis, "-geoadd")

        async def is_told() -> bool:
            assert await _report(deployment, server) == 503
            alarms = await alarms_of(deployment, server)
            return any(one["kind"] == "store_away" and "the command geoadd" in one["detail"] for one in alarms)

        await until(is_told)
        assert server.alive
        await _set(redis, *redis_user.RULES.split())
        assert await _report(deployment, server) == 200
        await until_cleared(deployment, server, "store_away")


async def _report(deployment: Deployment, server: Process) -> int:
    """Send one report; returns the status of its answer."""
    at = (await deployment.query("select now()"))[0][0].isoformat()
    report = {"user": 1, "lane": "tpns", "longitude": 90.0, "latitude": 40.0, "at": at}
    async with deployment.session() as session, session.post(f"{server.url}/v1/devices", json=[report]) as response:
        return response.status


@pytest.mark.parametrize("how", ["usage", "search_path"])
async def test_a_schema_that_the_role_sees_no_more_ends_no_server(deployment: Deployment, how: str) -> None:
    """Its tables are undefined then: an alarm, and everybody is reached, once, when it sees them again."""
    await deployment.provider("--latency-ms", "100")
    inside = await deployment.people(15_000)
    server = await deployment.server()
    _, answer = await deployment.file(server)
    await _until_begun(deployment)
    of_server = "from pg_stat_activity where application_name = 'qq-alert' and datname = current_database()"
    role = (await deployment.query(f"select usename {of_server} limit 1"))[0][0]
    if how == "usage":
        taken = [f'revoke usage on schema public from public, "{role}"']
        given = f'grant usage on schema public to public, "{role}"'
    else:
        taken = [
            f'alter role "{role}" in database "{{name}}" set search_path = nowhere',
            f"select pg_terminate_backend(pid) {of_server}",
        ]
        given = f'alter role "{role}" in database "{{name}}" reset search_path'
    name = (await deployment.query("select current_database()"))[0][0]
    try:
        for statement in taken:
            await deployment.query(statement.format(name=name))

        async def is_told() -> bool:
            log = deployment.log.read_text(encoding="utf-8")
            return '"record_refused"' in log and "UndefinedTableError" in log

        await until(is_told)
        assert server.alive
    finally:
        await deployment.query(given.format(name=name))

    async def is_answered() -> bool:
        async with deployment.session() as session, session.get(f"{server.url}/v1/alerts") as response:
            return response.status == 200

    # A session that was opened meanwhile keeps what it was told: who asks by it first is answered 503.
    await until(is_answered)
    await deployment.sent(server, answer["alert"]["id"])
    assert server.alive
    assert np.array_equal(await deployment.reached(), inside)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("User qq-alert has no permissions to run the 'script|load' command", "the command script|load"),
        ("this user has no permissions to run the 'geosearch' command or its subcommand", "the command geosearch"),
        ("No permissions to access a key", "one of its keys"),
        ("this user has no permissions to access one of the keys used as arguments", "one of its keys"),
        (
            "Command # 1 (HMGET device:{1}:7 1234567) of pipeline caused error: No permissions to access a key",
            "one of its keys",
        ),
    ],
)
def test_the_right_is_named_without_keys_or_users(text: str, right: str) -> None:
    """As each version of Redis says it."""
    assert denied_right(NoPermissionError(text)) == right
    assert denied_right(ResponseError(text)) is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (
            "ACL failure in script: User x has no permissions to run the 'geoadd' command",
            "the command geoadd",
        ),
        ("ACL failure in script: No permissions to access a key script: on @user_script:1.", "one of its keys"),
        ("The user executing the script can't run this command or subcommand script: f_1", "a command of a script"),
        ("The user executing the script can't access at least one of the keys mentioned in the", "one of its keys"),
        ("OOM command not allowed when used memory > 'maxmemory'", None),
    ],
)
def test_the_right_that_a_script_lacks_is_named(text: str, right: str | None) -> None:
    """As Redis says it from version 7 on, and before; what is refused for another reason is no missing right."""
    assert denied_right(ResponseError(text)) == right
