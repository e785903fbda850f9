"""What runs beside a server finds no secret of it: in no environment, file, argument or core dump."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from cryptography.fernet import Fernet

from server.demo import world
from server.embedded import EmbeddedStores, StateFolderError
from server.embedded.environment import FOR_PYTHON, FOR_STORES
from server.embedded.folder import make_private
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import ROOT, STOP_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.processes.deployment import Deployment

KEY: Final = Fernet.generate_key().decode()
SECRETS: Final = {
    "QQ_ALERT_SECURITY__ENCRYPTION_KEY": KEY,
    "QQ_ALERT_LANES__TPNS__SECRET_KEY": "a-secret-of-the-lane",
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-something-else",
}
NOBODY: Final = 65534
AS_NOBODY: Final = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
found = []
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            found.append(path + " " + str(len(file.read(1))))
    except OSError as error:
        pass
print(found)
"""


def _environ(pid: int | str) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(one.partition("=")[::2] for one in text.split("\0") if one)


def _descendants(pid: int) -> list[int]:
    found = [
        int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
    ]
    return found + [one for child in found for one in _descendants(child)]


@asynccontextmanager
async def _serving(folder: Path, **env: str) -> AsyncIterator[int]:
    """Run a server with stores of its own, as a shell starts it; yields its process id."""
    settings = {
        "QQ_ALERT_LISTEN": "127.0.0.1:0",
        "QQ_ALERT_STATE_DIR": str(folder / "state"),
        "QQ_ALERT_LANES__TPNS__URL": "http://127.0.0.1:9",
        "QQ_ALERT_LANES__TPNS__ACCESS_ID": "x",
        **SECRETS,
        **env,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "serve"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert b"http" in await process.stdout.readline()
        yield process.pid
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STOP_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_no_process_shows_a_secret_and_none_dumps_its_memory(tmp_path: Path) -> None:
    """Stores get the variables of a list; the server's own are overwritten; no core, and no look into its memory."""
    async with _serving(tmp_path) as pid:
        children = _descendants(pid)
        assert len(children) > 2
        for child in children:
            assert set(_environ(child)) <= {*FOR_STORES, "LC_ALL", "TZ"}, child
        own = _environ(pid)
        assert "PATH" in own
        assert not [name for name in own if name.startswith("QQ_ALERT_") and set(own[name]) != {"x"}]
        for process in (pid, *children):
            limits = Path(f"/proc/{process}/limits").read_text(encoding="ascii")
            assert re.search(r"Max core file size +0 +0 ", limits), process
            assert int(Path(f"/proc/{process}/coredump_filter").read_text(encoding="ascii"), 16) == 0
            arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode()
            assert not [secret for secret in SECRETS.values() if secret in arguments]
        memory = Path(f"/proc/{pid}/mem").stat()
        assert memory.st_uid == 0, "a process that cannot be dumped belongs to root, whoever started it"


async def test_the_state_folder_is_its_users_alone(tmp_path: Path) -> None:
    """Folder 0700, files and sockets 0600, what is PostgreSQL's its own; one that was open to others is narrowed."""
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    (state / "encryption.key").write_text(KEY)
    (state / "encryption.key").chmod(0o644)
    (state / "valkey").mkdir(mode=0o755)
    state.chmod(0o777)
    async with _serving(tmp_path):
        wide = {
            str(path): oct(stat.S_IMODE(path.lstat().st_mode)) for path in [state, *_files(state)] if _is_wide(path)
        }
        assert not wide
        urls = json.loads((state / "owner.json").read_bytes())["urls"]
        sockets = Path(urlsplit(urls["redis"]).path).parent
        wide = {str(path): oct(path.stat().st_mode) for path in sockets.rglob("*") if _is_wide(path)}
        assert not wide
        assert stat.S_IMODE(sockets.stat().st_mode) in {0o700, 0o710}


def _files(state: Path) -> list[Path]:
    return [path for path in state.rglob("*") if not path.is_symlink()]


def _is_wide(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def test_a_state_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """In one sentence, which names both users; nothing in it is changed."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else's")
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    os.chown(state, NOBODY, NOBODY)
    with pytest.raises(StateFolderError, match="belongs to user 65534"):
        make_private(state)
    assert stat.S_IMODE(state.stat().st_mode) == 0o755


async def test_who_runs_as_the_user_of_postgresql_reads_nothing_of_the_server(tmp_path: Path) -> None:
    """`nobody` finds no key, password, log or environment in what a server keeps and starts."""
    if os.geteuid() != 0:
        pytest.skip("only a server of root runs PostgreSQL as somebody else")
    tmp_path.chmod(0o755)
    async with _serving(tmp_path) as pid:
        paths = [str(path) for path in _files(tmp_path / "state")] + [f"/proc/{pid}/environ", f"/proc/{pid}/maps"]
        command = [sys.executable, "-c", AS_NOBODY, *paths]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True, cwd="/")
        assert done.stdout.strip() == "[]"
        assert len(paths) > 10


async def test_nobody_gets_into_the_embedded_postgresql_without_a_password(tmp_path: Path) -> None:
    """Neither as the owner nor as another role; with the passwords, which stay, both; and the trail is protected."""
    for _ in range(2):
        with EmbeddedStores(tmp_path / "state", postgres=True, valkey=False) as urls:
            assert urls.postgres is not None
            assert urls.runtime is not None
            where = urls.postgres.rpartition("@")[2]
            for login in ("app", "qq_alert_runtime", "app:wrong", "postgres"):
                with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                    await asyncpg.connect(f"postgresql://{login}@{where}")
            owner, runtime = await asyncpg.connect(urls.postgres), await asyncpg.connect(urls.runtime)
            assert await owner.fetchval("select rolsuper from pg_roles where rolname = current_user")
            assert not await runtime.fetchval(
                "select rolsuper or rolcreaterole or rolcreatedb or rolreplication from pg_roles"
                " where rolname = current_user"
            )
            await owner.close()
            await runtime.close()


async def test_a_cluster_of_an_earlier_version_gets_passwords_and_keeps_its_data(tmp_path: Path) -> None:
    """One that trusts everybody, and one whose passwords were lost: both are closed at the next start."""
    state = tmp_path / "state"
    with EmbeddedStores(state, postgres=True, valkey=False) as urls:
        assert urls.postgres is not None
        owner = await asyncpg.connect(urls.postgres)
        await owner.execute("create table kept (n int)")
        await owner.close()
    access, first = state / "postgres" / "pg_hba.conf", urls
    for broken in ("trust", "lost"):
        if broken == "trust":
            access.write_text("local all all trust\n")
        (state / "postgres.roles").unlink()
        with EmbeddedStores(state, postgres=True, valkey=False) as urls:
            assert urls.postgres is not None
            assert urls.postgres.partition("@")[0] != first.postgres
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(f"postgresql://app@{urls.postgres.rpartition('@')[2]}")
            owner = await asyncpg.connect(urls.postgres)
            assert await owner.fetchval("select count(*) from kept") == 0
            await owner.close()


async def test_simulated_providers_of_the_demo_get_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the variables of a list, and none of the settings."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    async with world.provider("tpns", tmp_path):
        (pid,) = [one for one in _descendants(os.getpid()) if b"simulate" in Path(f"/proc/{one}/cmdline").read_bytes()]
        assert set(_environ(pid)) <= {*FOR_PYTHON, "PYTHONPATH"}


@pytest.mark.parametrize("way", ["environment", "environment of a file", "file", "standard input"])
async def test_the_webhook_secret_needs_no_argument(deployment: Deployment, tmp_path: Path, way: str) -> None:
    """A case is signed with a secret that stands in no command line."""
    server = await deployment.server()
    case = tmp_path / "case.json"
    case.write_bytes(msgspec.json.encode(CASE))
    secret = tmp_path / "secret"
    secret.write_text(deployment.secret + "\n")
    env = {
        "environment": {"QQ_ALERT_WEBHOOK_SECRET": deployment.secret},
        "environment of a file": {"QQ_ALERT_WEBHOOK_SECRET_FILE": str(secret)},
    }.get(way, {})
    options = {"file": ["--secret-file", str(secret)], "standard input": ["--secret-file", "-"]}.get(way, [])
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "server.cli",
            "file-case",
            str(case),
            "--authority",
            "sz",
            "--url",
            server.url,
            *options,
        ),
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, errors = await process.communicate(secret.read_bytes() if way == "standard input" else b"")
    assert process.returncode == 0, errors
    assert b"HTTP 202" in errors
    assert b"case_number" in answer


def test_no_process_is_started_with_the_environment_of_ours() -> None:
    """Every place that starts one says which variables it gets, and none gives them all."""
    starts = re.compile(
        r"create_subprocess_\w+\(|subprocess\.(?:run|Popen|check_\w+|call)\(|os\.(?:exec|spawn|posix_spawn)\w*\("
    )
    for room in ("geo", "handlers", "public", "push", "runtime", "server", "sql"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for start in starts.finditer(text):
                call = text[start.start() : start.start() + 1200]
                assert re.search(r"\benv=", call), f"{path}: {call[:80]}"
                assert "**os.environ" not in call, path


async def test_settings_taken_from_the_environment_are_read_again_at_a_reload(deployment: Deployment) -> None:
    """SIGHUP reads the variables that the server was started with, though they are in its environment no more."""
    server = await deployment.server()
    server.send_signal(signal.SIGHUP)

    async def is_reloaded() -> bool:
        return "settings.reloaded" in deployment.log.read_text(encoding="utf-8")

    await until(is_reloaded)
    log = deployment.log.read_text(encoding="utf-8")
    assert "not_reloaded" not in log
    assert "needs_start" not in log
