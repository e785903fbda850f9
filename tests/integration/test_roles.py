"""Servers run as a role that reads the audit trail and appends to it, and cannot change it or what guards it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

import sql.audit
import sql.grants
import sql.migrate
from push.alerts.record.audit import verify
from sql.audit import AuditEvent
from sql.database import open_pool
from sql.query import names, query
from tests.support.processes.processes import ROOT, Process

if TYPE_CHECKING:
    from pathlib import Path

    from server.embedded import StoreUrls
    from sql.database import Connection, Pool
    from tests.support.processes.deployment import Deployment

OPERATIONS: Final = ROOT / "docs" / "operations.md"
OF_THE_OWNER: Final = {"grants_apply", "grants_role"}

FORBIDDEN: Final = {
    "change an event": "update audit_event set content = content",
    "change a digest": "update audit_event set digest = digest where seq = 1",
    "remove an event": "delete from audit_event where seq = 2",
    "empty the trail": "truncate audit_event",
    "empty the reasons": "truncate audit_reason",
    "change a reason": "update audit_reason set reason = reason",
    "lock the trail by a rewrite": "alter table audit_event add column hidden text",
    "drop the trail": "drop table audit_event",
    "rename the trail": "alter table audit_event rename to gone",
    "disable a trigger": "alter table audit_event disable trigger all",
    "drop a trigger": "drop trigger audit_append_only on audit_event",
    "add a trigger": "create trigger quiet before insert on audit_event for each row execute function refuse_change()",
    "add a rule": "create rule quiet as on insert to audit_event do instead nothing",
    "replace a trigger's function": "create or replace function refuse_change() returns trigger language plpgsql as "
    "$$ begin return old; end $$",
    "make a function": "create function harmless() returns int language sql return 1",
    "make a table": "create table audit_copy as select * from audit_event",
    "make a view": "create view trail as select * from audit_event",
    "make a schema": "create schema mine",
    "turn triggers off": "set session_replication_role = replica",
    "become the owner": "set role app",
    "become another at the next start": "alter role qq_alert_runtime superuser",
    "make a role": "create role second login",
    "take the trail": "alter table audit_event owner to qq_alert_runtime",
    "write files": "copy audit_event to '/tmp/trail'",
    "start programs": "copy audit_event from program 'true'",
    "change settings": "alter system set fsync = off",
    "forget migrations": "delete from schema_migrations",
    "remove cases": "delete from child_case",
    "remove tokens": "delete from bearer_token",
}


async def _event(pool: Pool, action: str, reason: str = "") -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.audit.append(connection, AuditEvent(actor="system", action=action, reason=reason))


async def _may(connection: Connection, name: str) -> bool:
    """Tell whether a query may be executed: PostgreSQL decides that when it plans to, whatever the arguments."""
    try:
        await connection.execute(f"explain (generic_plan) {query(name)}")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


def _planned() -> list[str]:
    return [name for name in names() if name not in OF_THE_OWNER and not query(name).lstrip("-").count("vacuum (")]


async def test_the_role_of_a_server_may_run_every_query(stores: StoreUrls) -> None:
    """Each of them is permitted; only those of the owner are not."""
    assert stores.runtime is not None
    connection = await asyncpg.connect(stores.runtime)
    refused = [name for name in _planned() if not await _may(connection, name)]
    await connection.close()
    assert _planned()
    assert not refused, "grants_apply.sql lacks what these need"


async def test_the_role_of_a_server_has_no_right_that_no_query_needs(stores: StoreUrls, pool: Pool) -> None:
    """Without any one of its rights on a table some query is refused."""
    assert stores.runtime is not None
    granted = await pool.fetch(
        "select table_name::text, privilege_type::text from information_schema.role_table_grants"
        " where grantee = 'qq_alert_runtime' and privilege_type <> 'MAINTAIN' order by 1, 2"
    )
    runtime = await asyncpg.connect(stores.runtime)
    texts = {name: query(name) for name in _planned()}
    needless = []
    for table, right in granted:
        await pool.execute(f"revoke {right} on {table} from qq_alert_runtime")
        using = [name for name, text in texts.items() if re.search(rf"\b{table}\b", text)]
        if all([await _may(runtime, name) for name in using]):
            needless.append((table, right))
        await pool.execute(f"grant {right} on {table} to qq_alert_runtime")
    await runtime.close()
    assert len(granted) > len(texts) / 3
    assert not needless


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_role_of_a_server_cannot(what: str, stores: StoreUrls, pool: Pool) -> None:
    """PostgreSQL refuses it for want of a right, before any trigger, and the chain stays as it was."""
    assert stores.runtime is not None
    await _event(pool, "one")
    await _event(pool, "two", "because")
    before = await verify(pool)
    connection = await asyncpg.connect(stores.runtime)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(FORBIDDEN[what])
    await connection.close()
    assert await verify(pool) == before
    assert (before.events, before.fault) == (2, None)


async def test_a_reason_that_the_role_of_a_server_removes_early_is_found(stores: StoreUrls, pool: Pool) -> None:
    """It may delete reasons, as retention does; without the event of that the trail does not verify."""
    assert stores.runtime is not None
    runtime = await open_pool(stores.runtime)
    await _event(runtime, "one", "because")
    await runtime.execute("delete from audit_reason")
    await runtime.close()
    fault = (await verify(pool)).fault
    assert fault is not None
    assert "reason is missing" in fault.what


async def test_what_was_deleted_is_freed_by_the_role_of_a_server(stores: StoreUrls) -> None:
    """PostgreSQL takes its vacuum, and skips no table of it."""
    assert stores.runtime is not None
    connection = await asyncpg.connect(stores.runtime)
    notices: list[object] = []
    connection.add_log_listener(lambda _, message: notices.append(message))
    await connection.execute(query("child_vacuum"))
    await connection.close()
    assert not notices


async def _own_database(pool: Pool, stores: StoreUrls, name: str) -> tuple[str, str]:
    """Make a database that a plain role owns, as an administrator does; returns the URLs of both roles."""
    assert stores.postgres is not None
    for text in _administrator(name):
        await pool.execute(text)
    where = stores.postgres.rpartition("?")[2]
    return f"postgresql://{name}:secret@/{name}?{where}", f"postgresql://{name}_server:secret@/{name}?{where}"


def _administrator(name: str) -> list[str]:
    """Return the statements of the page for operations, with other names."""
    blocks = re.findall(r"```sql\n(.*?)```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    texts = [line for line in "".join(blocks).replace("\\\n", "").splitlines() if line and not line.startswith("--")]
    return [
        one.replace("qq_alert_server", f"{name}_server").replace("qq_alert", name).replace("...", "secret")
        for one in texts
    ]


async def _drop(pool: Pool, name: str) -> None:
    await pool.execute(f"drop database if exists {name} with (force)")
    await pool.execute(f"drop role if exists {name}, {name}_server")


async def test_a_database_of_one_role_is_taken_over_with_the_documented_steps(
    deployment: Deployment, stores: StoreUrls, pool: Pool
) -> None:
    """After the SQL of the page and `migrate` a server needs the other role only, and warns no more."""
    name = "taken_over"
    try:
        owner, server = await _own_database(pool, stores, name)
        await sql.migrate.migrate(owner)
        owners = await open_pool(owner)
        await _event(owners, "before")
        assert await sql.grants.weaknesses(owners)
        one_role = {"QQ_ALERT_DATABASE__URL": owner}
        alone = await deployment.server(**one_role)
        alone.end()
        assert deployment.log.read_text(encoding="utf-8").count("audit.unprotected") == 1
        early = {**deployment.env(), "QQ_ALERT_DATABASE__URL": server}
        assert Process("serve", "--no-migrate", env=early, log=deployment.folder / "early.log").wait() == 2
        assert "owner_url" in (deployment.folder / "early.log").read_text(encoding="utf-8")
        both = {**deployment.env(), "QQ_ALERT_DATABASE__URL": server, "QQ_ALERT_DATABASE__OWNER_URL": owner}
        migrating = Process("migrate", env=both)
        assert "current" in await migrating.printed()
        deployment.log.write_text("", encoding="utf-8")
        serving = Process(
            "serve", "--no-migrate", env={**deployment.env(), "QQ_ALERT_DATABASE__URL": server}, log=deployment.log
        )
        await deployment.own(serving).started()
        assert "audit.unprotected" not in deployment.log.read_text(encoding="utf-8")
        servers = await asyncpg.connect(server)
        for text in ("delete from audit_event", "create temporary table audit_event (seq bigint)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await servers.execute(text)
        # PostgreSQL answers this with a warning where the role has any right at all, and gives none.
        await servers.execute(f"grant update on audit_event to {name}_server")
        assert not await servers.fetchval("select has_table_privilege('audit_event', 'update')")
        await servers.close()
        assert (await verify(owners)).fault is None
        serving.end()
        older = await deployment.server(**one_role)
        older.end()
        await owners.close()
    finally:
        await _drop(pool, name)


async def test_a_role_that_cannot_be_used_is_said_in_one_sentence(deployment: Deployment, stores: StoreUrls) -> None:
    """A role that is not there, and another database: exit code 2, and no password in what is printed."""
    assert stores.postgres is not None
    log = deployment.folder / "refused.log"
    missing = deployment.server_database_url.replace("qq_alert_runtime:", "nobody_there:")
    elsewhere = urlunsplit(urlsplit(stores.postgres)._replace(path="/app"))
    for url, owner in ((missing, stores.postgres), (deployment.server_database_url, elsewhere)):
        env = deployment.env(QQ_ALERT_DATABASE__URL=url, QQ_ALERT_DATABASE__OWNER_URL=owner)
        log.write_text("", encoding="utf-8")
        assert Process("migrate", env=env, log=log).wait() == 2
        (line,) = log.read_text(encoding="utf-8").splitlines()
        assert "url" in line
        assert stores.postgres.split(":")[2].split("@")[0] not in line


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({}, False),
        ({"URL": "postgresql://app@db/x"}, True),
        ({"URL": "postgresql://app@db/x", "OWNER_URL": "postgresql://app@db/x"}, True),
        ({"URL": "postgresql://server@db/x", "OWNER_URL": "postgresql://app@db/x"}, False),
    ],
)
async def test_config_check_says_that_the_trail_is_not_protected(
    settings: dict[str, str], *, warned: bool, tmp_path: Path
) -> None:
    """With one role for everything; not with two, and not with the embedded PostgreSQL, which has two by itself."""
    log = tmp_path / "log"
    env = {f"QQ_ALERT_DATABASE__{name}": value for name, value in settings.items()}
    process = Process("config", "check", env=env, log=log)
    assert "usable" in await process.printed()
    assert ("audit trail" in log.read_text(encoding="utf-8")) is warned
