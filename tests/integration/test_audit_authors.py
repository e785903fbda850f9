"""The audit trail says who: the token of a person, and the system's user and machine of a command."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from msgspec.structs import replace

import sql.audit
from handlers.http.roles import Role
from push.alerts.record.audit import verify
from sql.audit import AuditEvent, Link, Terminal
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import Process

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

ACTOR = "operator 王警官"


async def _append(pool: Pool, event: AuditEvent) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.audit.append(connection, event)


async def test_events_of_persons_have_their_token_and_events_of_commands_the_system_user(
    deployment: Deployment, pool: Pool
) -> None:
    """Whatever a person does, the event names the token; of a command who typed it, and where."""
    await deployment.provider()
    server = await deployment.server()
    colleague = await deployment.command("token", "create", "--role", "operator", "--name", "Olga", "--json")
    case = str(CASE["case_number"])
    alert = (await deployment.file(server))[1]["alert"]["id"]
    await deployment.sent(server, alert)
    base = f"{server.url}/v1/alerts/{alert}"
    headers = {"Authorization": f"Bearer {colleague['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{base}/preview") as response:
        assert response.status == 200
    for name, more in (
        ("pause", {}),
        ("resume", {}),
        ("rings", {"radius_km": 200}),
        ("extension", {"hours": 1}),
        ("found", {}),
    ):
        body = {"reason": "because", "case_number": case, **more}
        assert (await deployment.post(f"{base}/{name}", body, str(colleague["token"])))[0] == 200, name
    async with (
        deployment.session() as session,
        session.put(f"{server.url}/v1/enrolled/5", json={"consented_at": datetime.now(UTC).isoformat()}) as response,
    ):
        assert response.status == 204
    await deployment.run("exercise", "withdraw", "5")
    await deployment.run("authority", "rotate", "sz", "--json")
    links = [msgspec.json.decode(row.content, type=Link) async for row in sql.audit.read(pool)]
    persons = [link.event for link in links if link.event.actor.split()[0] in {role.value for role in Role}]
    by_olga = [event.action for event in persons if event.token == colleague["id"]]
    assert by_olga == ["read", "pause", "resume", "rings", "extension", "found"]
    assert [event.action for event in persons if event.token != colleague["id"]] == ["exercise enrolment"]
    assert all(event.token is not None and event.terminal is None for event in persons)
    commands = [link.event for link in links if link.event.actor == "command line"]
    assert {"exercise withdrawal", "secret rotated", "token created"} <= {event.action for event in commands}
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12]
    expected = Terminal(os_user=pwd.getpwuid(os.getuid()).pw_name, sudo_user=os.environ.get("SUDO_USER"), host=host)
    terminals = {event.terminal for event in commands}
    assert len(terminals) == 1
    assert {one and replace(one, login_user=None) for one in terminals} == {expected}
    shown = await deployment.run("audit", "show")
    assert f"operator Olga (token {colleague['id']})" in shown
    assert f"command line ({expected.os_user}" in shown


async def test_the_user_before_sudo_is_in_the_event(deployment: Deployment, pool: Pool) -> None:
    """As sudo says it, in one printable line; and whoever sets USER is not believed."""
    env = {**deployment.env(), "SUDO_USER": "wang\n" + "x" * 100, "USER": "somebody-else"}
    assert Process("token", "create", "--role", "viewer", "--name", "desk", env=env).wait() == 0
    rows = [row async for row in sql.audit.read(pool)]
    terminal = msgspec.json.decode(rows[-1].content, type=Link).event.terminal
    assert terminal is not None
    assert (terminal.sudo_user, terminal.os_user) == ("wang" + "x" * 60, pwd.getpwuid(os.getuid()).pw_name)


async def test_events_that_were_written_before_tokens_were_noted_still_verify(pool: Pool) -> None:
    """Their text lacks the new fields; the chain goes through them and on, and they are shown."""
    content = msgspec.json.encode(
        {
            "at": "2026-11-28T00:00:00Z",
            "event": dict.fromkeys(("after", "alert", "before", "reason_digest"))
            | {"action": "pause", "actor": ACTOR, "details": {}},
            "previous": sql.audit.FIRST.hex(),
            "seq": 1,
        },
        order="deterministic",
    )
    await pool.execute(
        "insert into audit_event values (1, null, $1, $2)", content.decode(), hashlib.sha256(content).digest()
    )
    await _append(pool, AuditEvent(actor=ACTOR, action="pause"))
    trail = await verify(pool)
    assert (trail.events, trail.fault) == (2, None)
