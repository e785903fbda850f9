"""Embedded stores belong to one process, end with it, and keep committed data."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from redis import asyncio as aioredis

from server.embedded import EmbeddedStores, StateOwnedError, running_stores
from tests.support.processes.processes import ROOT, until

if TYPE_CHECKING:
    from server.embedded import StoreUrls

OWNER = """
import sys, time
from pathlib import Path
from server.embedded import EmbeddedStores
stores = EmbeddedStores(Path(sys.argv[1]), postgres=True, valkey=True)
stores.start()
print(*stores.pids(), flush=True)
time.sleep(60)
"""


async def _write_and_read(urls: StoreUrls) -> int:
    assert urls.postgres is not None
    assert urls.redis is not None
    connection = await asyncpg.connect(urls.postgres)
    await connection.execute("create table if not exists kept (n int)")
    await connection.execute("insert into kept values (1)")
    rows: int = await connection.fetchval("select count(*) from kept")
    await connection.close()
    async with aioredis.Redis.from_url(urls.redis) as redis:
        assert await redis.ping()
    return rows


async def test_both_stores_answer_and_a_warm_start_keeps_the_data(tmp_path: Path) -> None:
    """A second start on the same folder finds what the first one committed; no process is left."""
    for rows in (1, 2):
        stores = EmbeddedStores(tmp_path / "state", postgres=True, valkey=True)
        with stores as urls:
            assert await _write_and_read(urls) == rows
            assert running_stores(tmp_path / "state") == urls
            pids = stores.pids()
            assert urls.redis is not None
            sockets = Path(urls.redis.removeprefix("unix://")).parent
        assert not any(_lives(pid) for pid in pids)
        assert not sockets.exists()
    assert running_stores(tmp_path / "state") is None


def test_a_second_owner_learns_who_owns_the_folder(tmp_path: Path) -> None:
    """The error names the owning process."""
    with (
        EmbeddedStores(tmp_path / "state", postgres=False, valkey=True),
        pytest.raises(StateOwnedError, match=str(os.getpid())),
    ):
        EmbeddedStores(tmp_path / "state", postgres=False, valkey=True).start()


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["reachable by others", "below a private folder"])
async def test_stores_end_with_an_owner_that_is_killed(tmp_path: Path, mode: int) -> None:
    """After SIGKILL of the owner both servers end, and the folder can be owned again."""
    folder = tmp_path / "private"
    folder.mkdir(mode=mode)
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    pids = _stores_of_a_killed_owner(folder / "state")
    assert len(pids) == 2

    async def gone() -> bool:
        return not any(_lives(pid) for pid in pids)

    await until(gone)
    with EmbeddedStores(folder / "state", postgres=True, valkey=True) as urls:
        assert await _write_and_read(urls) == 1


def _stores_of_a_killed_owner(state_dir: Path) -> list[int]:
    command = [sys.executable, "-c", OWNER, str(state_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        owner.send_signal(signal.SIGKILL)
    return pids


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_the_log_of_postgresql_has_no_value_of_a_row(tmp_path: Path) -> None:
    """A violated constraint and a statement that fails are logged without details, statements and parameters."""
    stores = EmbeddedStores(tmp_path / "state", postgres=True, valkey=False)
    try:
        urls = stores.start()
        assert urls.postgres is not None
        connection = await asyncpg.connect(urls.postgres)
        await connection.execute("create table child (name text primary key, age int check (age < 18))")
        await connection.execute("insert into child values ($1, 1)", "zqcanaryqz")
        for age in (1, 99):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute("insert into child values ($1, $2)", "zqcanaryqz", age)
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select 1 / (length('zqcanaryqz') - 10)")
        await connection.close()
    finally:
        stores.stop()
    log = (tmp_path / "state" / "postgres.log").read_text(encoding="utf-8")
    assert "violates" in log
    assert "division by zero" in log
    assert "zqcanaryqz" not in log
