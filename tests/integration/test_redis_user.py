"""The one user of Redis: its line lets servers do all that they do, and lets nobody do more."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import numpy as np
import pytest
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from geo.connection import connect
from geo.index.locales import NonDefaultLocales
from geo.index.loss.condition import condition
from geo.index.position_index import PositionIndex
from geo.index.preferences.mirror import Entry
from geo.index.reports import now_ms
from server.commands.failures import UNUSABLE
from server.embedded import EmbeddedStores, redis_user
from server.embedded.valkey import binary
from tests.support.processes.deployment import reports_now
from tests.support.processes.processes import Process, until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

ROOT: Final = Path(__file__).parents[2]
FORBIDDEN: Final = (
    "CONFIG GET *",
    "CONFIG SET appendonly no",
    "DEBUG SLEEP 0",
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "SCAN 0",
    "RANDOMKEY",
    "MODULE LIST",
    "SCRIPT FLUSH",
    "SCRIPT KILL",
    "FUNCTION FLUSH",
    "EVAL return(1) 0",
    "REPLICAOF NO ONE",
    "FAILOVER",
    "SHUTDOWN NOSAVE",
    "SAVE",
    "BGSAVE",
    "MONITOR",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "ACL LIST",
    "ACL SETUSER qq-alert allcommands",
    "MIGRATE 127.0.0.1 1 geo:{1}:tpns:1 0 1",
    "RENAME geo:{1}:tpns:1 forgetting",
    "DUMP geo:{1}:tpns:1",
    "SWAPDB 0 1",
    "SUBSCRIBE x",
    "PUBLISH x y",
    "GET other",
    "SET other 1",
    "UNLINK position",
)


@pytest.fixture
def confined(tmp_path: Path) -> Any:  # noqa: ANN401 - a generator of stores with their folder
    """Provide an embedded Valkey as servers start it, and its folder."""
    tmp_path.chmod(0o755)
    stores = EmbeddedStores(tmp_path / "state", postgres=False, valkey=True, confined=True)
    try:
        yield stores.start().redis, tmp_path / "state"
    finally:
        stores.stop()


async def test_nobody_but_the_user_gets_into_the_embedded_store(confined: tuple[str, Path]) -> None:
    """Without its password, and as the default user, nothing is answered; only the owner can read the password."""
    url, state = confined
    password = (state / redis_user.FILE).read_text()
    path = url.partition("@")[2]
    for login in ("", "default:default@", f"default:{password}@", f"{redis_user.NAME}:wrong@"):
        async with aioredis.Redis.from_url(f"unix://{login}{path}") as stranger:
            with pytest.raises(RedisError):
                await stranger.ping()
    for file in (state / redis_user.FILE, state / "valkey" / redis_user.ACL_FILE, state / "owner.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert password not in (state / "valkey" / redis_user.ACL_FILE).read_text()
    async with aioredis.Redis.from_url(url) as own:
        pid = (await own.info("server"))["process_id"]
    assert password not in Path(f"/proc/{pid}/cmdline").read_text()


@pytest.mark.parametrize("command", FORBIDDEN)
async def test_the_user_may_not(confined: tuple[str, Path], command: str) -> None:
    """Everything that administers, lists, empties or copies is refused, and every key that is none of ours."""
    async with aioredis.Redis.from_url(confined[0]) as own:
        with pytest.raises(RedisError):
            await own.execute_command(*command.split())  # type: ignore[no-untyped-call]
        assert await own.ping()


async def test_no_permission_is_more_than_needed(confined: tuple[str, Path]) -> None:
    """The user has the commands that are listed, and no category."""
    rules = redis_user.RULES.split()
    assert [rule for rule in rules if rule.startswith(("+@", "allkeys", "~*", "allcommands", "&", "nopass"))] == []
    client = connect(confined[0])
    index = PositionIndex(client, ("tpns", "apns"))
    await index.record(reports_now("tpns", [1, 2], [114.0, 114.0], [22.0, 22.0]))
    await index.record_from(reports_now("apns", [2], [114.0], [22.1]))
    await index.present("tpns", np.array([1]), settled=True)
    await index.standing("tpns", np.array([1]))
    await index.forget([1])
    await index.forget_again([(2, 1)])
    await index.preferences.put([Entry(1, 1, b"{}"), Entry(2, 1, b"")])
    await index.preferences.of(np.arange(1, 3000))
    await NonDefaultLocales(client).among(np.array([1]))
    await condition(client)
    await client.aclose()


async def test_a_server_of_its_own_stores_does_its_whole_work_as_that_user(deployment: Deployment) -> None:
    """Reports, an alert with late entrants, tickets, limits, a user who is forgotten: nothing lacks a permission."""
    await deployment.provider()
    await deployment.place([1, 2, 3], 114.05, 22.54)
    server = await deployment.server(QQ_ALERT_LANES__TPNS__RATE_PER_S="1000")
    assert f"{redis_user.NAME}:" in deployment.env()["QQ_ALERT_REDIS__URL"]
    _, answer = await deployment.file(server)
    await deployment.sent(server, answer["alert"]["id"])
    async with deployment.session() as session:
        async with session.post(f"{server.url}/v1/feed/tickets") as response:
            ticket = (await response.json())["ticket"]
        async with session.delete(f"{server.url}/v1/users/1") as response:
            assert response.status == 204
    async with aiohttp.ClientSession() as stranger, stranger.ws_connect(f"{server.url}/v1/feed?ticket={ticket}"):
        pass
    assert (await deployment.reached()).tolist() == [1, 2, 3]
    assert "NoPermission" not in deployment.log.read_text()
    assert "no permissions" not in deployment.log.read_text()


@pytest.mark.parametrize("command", ["hmget", "info"])
async def test_a_server_whose_user_lacks_a_permission_says_so_and_does_not_start(
    deployment: Deployment, redis: aioredis.Redis, command: str
) -> None:
    """It would never know that the record, or Redis itself, went back."""
    rules = redis_user.line("poor").split()[3:]
    await redis.execute_command("ACL", "SETUSER", "poor", "on", *rules, f"-{command}")  # type: ignore[no-untyped-call]
    try:
        url = deployment.redis_url.replace("unix:///", "unix://poor:poor@/")
        server = Process("serve", env=deployment.env(QQ_ALERT_REDIS__URL=url), log=deployment.log)
        assert await asyncio.to_thread(server.wait) == UNUSABLE
        assert f"qq-alert: Redis refuses its user the command {command}" in deployment.log.read_text(encoding="utf-8")
    finally:
        await redis.execute_command("ACL", "DELUSER", "poor")  # type: ignore[no-untyped-call]


async def test_the_end_that_somebody_took_from_a_key_is_set_again(redis: aioredis.Redis) -> None:
    """By the next report, also of a user who stood there before: positions are kept no longer than promised."""
    index = PositionIndex(redis, ("tpns",))
    await index.record(reports_now("tpns", [1], [114.0], [22.0]))
    names = [name async for name in redis.scan_iter()]
    assert len(names) == 2
    for name in names:
        await redis.persist(name)
    later = now_ms() + 1
    await until(lambda: _is_past(later))
    await index.record(reports_now("tpns", [1], [114.0], [22.1]))
    assert all([await redis.pttl(name) > 0 for name in names])


async def _is_past(moment_ms: int) -> bool:
    return now_ms() > moment_ms


async def test_the_line_of_the_examples_and_docs_is_that_of_the_code() -> None:
    """Operators copy it; so it is held against the one that the embedded store and all tests have."""
    line = f"user {redis_user.NAME} on #PASSWORD_SHA256 {redis_user.RULES}"
    assert line in (ROOT / "examples" / "users.acl").read_text().splitlines()
    assert line in (ROOT / "docs" / "redis.md").read_text().splitlines()


async def test_the_acl_file_of_the_examples_opens_to_its_password_only(tmp_path: Path, free_port: int) -> None:
    """The command of compose.yaml puts the digest of the password into the file, and Valkey takes it."""
    compose = (ROOT / "compose.yaml").read_text()
    assert "${REDIS_PASSWORD:?}" in compose
    [script] = [line.strip() for line in compose.splitlines() if "sed" in line]
    digest = hashlib.sha256(b"geheim").hexdigest()
    folder = tmp_path / "run"
    folder.mkdir()
    for shipped, here in (("$$", "$"), ("/etc/valkey", str(ROOT / "examples")), ("/run/valkey", str(folder))):
        script = script.replace(shipped, here)
    env = {"REDIS_PASSWORD": "geheim", "PATH": os.environ["PATH"]}
    done = await asyncio.create_subprocess_exec("sh", "-c", script, env=env)
    assert await done.wait() == 0
    file = folder / "users.acl"
    assert f"#{digest}" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    process = await _valkey(file, free_port, tmp_path)
    try:
        async with aioredis.Redis(port=free_port, username=redis_user.NAME, password="geheim") as own:
            assert await own.ping()
        async with aioredis.Redis(port=free_port, username=redis_user.NAME, password="geheim!") as stranger:
            with pytest.raises(RedisError):
                await stranger.ping()
    finally:
        process.terminate()
        await process.wait()


async def _valkey(file: Path, port: int, folder: Path) -> asyncio.subprocess.Process:
    """Start Valkey with an ACL file; returns once it answers."""
    options = ["--port", str(port), "--dir", str(folder), "--save", "", "--aclfile", str(file)]
    process = await asyncio.create_subprocess_exec(binary(), *options, stdout=asyncio.subprocess.DEVNULL)

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(answers)
    return process
