"""The audit trail on a real record: append-only, gapless with concurrent writers, verified, shown and summarised."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import msgspec
import pytest
from click.testing import CliRunner

import sql.audit
from push.alerts.record.audit import Anchor, verify
from server.cli import cli
from sql.audit import PAGE, AuditEvent
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from click.testing import Result

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

ACTOR = "operator 王警官"
REASON = "小明 was seen at the north gate"


async def _append(pool: Pool, *events: AuditEvent) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.audit.append(connection, *events)


def _events(number: int, alert: UUID | None = None) -> list[AuditEvent]:
    return [AuditEvent(actor=ACTOR, action="pause", alert=alert, reason=str(one)) for one in range(number)]


async def _tamper(pool: Pool, text: str, *arguments: object) -> None:
    """Change the trail as only the owner of the database can: with its triggers off."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(text, *arguments)


async def _command(deployment: Deployment, *arguments: str) -> Result:
    """Run a command in this process, on a thread of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["audit", *arguments], env=deployment.env())


@pytest.mark.parametrize(
    "change",
    ["update audit_event set content = content", "delete from audit_event where seq = 2", "truncate audit_event"],
)
async def test_the_trail_is_append_only(pool: Pool, change: str) -> None:
    """The server's database role cannot change, delete or truncate anything, and the chain stays as it was."""
    await _append(pool, *_events(3))
    before = await verify(pool)
    with pytest.raises(asyncpg.RaiseError, match="only appended"):
        await pool.execute(change)
    assert await verify(pool) == before
    assert (before.events, before.fault) == (3, None)


async def test_events_with_words_of_earlier_servers_still_verify(deployment: Deployment, pool: Pool) -> None:
    """The chain covers what was written, whatever words it used; new events follow old ones, and all are shown."""
    old = AuditEvent(actor="nobody", action="mistrust", details={"message": "Cancel", "why": "it is not signed"})
    resumed = AuditEvent(actor=ACTOR, action="resume", reason=REASON, details={"dismissed": ["Cancel"]})
    new = AuditEvent(actor="unverified sender", action="unverified message", details={"message": "Cancel"})
    await _append(pool, old, resumed, new)
    assert (await verify(pool)).fault is None
    shown = (await _command(deployment, "show")).output
    assert "mistrust" in shown
    assert "dismissed=['Cancel']" in shown
    assert "unverified message" in shown


async def test_concurrent_appends_make_one_gapless_chain(pool: Pool) -> None:
    """Many connections at once, several events a transaction, some rolled back: no gap, no fork, no loss."""

    async def give_up() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await sql.audit.append(connection, *_events(1))
            raise LookupError

    appends = [_append(pool, *_events(3)) for _ in range(40)]
    results = await asyncio.gather(*appends, *(give_up() for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, LookupError) for result in results) == 10
    trail = await verify(pool)
    assert (trail.events, trail.fault) == (120, None)


async def test_time_never_goes_back_in_the_trail(pool: Pool) -> None:
    """A server whose clock is behind writes the time of the event before."""
    await _append(pool, *_events(1))
    ahead = '"at":"2999-01-01T00:00:00Z"'
    await _tamper(
        pool,
        "update audit_event set content = c, digest = sha256(convert_to(c, 'UTF8'))"
        " from (select regexp_replace(content, $1, $2) as c from audit_event) as new",
        '"at":"[^"]*"',
        ahead,
    )
    await _append(pool, *_events(2))
    assert [ahead in row.content async for row in sql.audit.read(pool)] == [True] * 3
    assert (await verify(pool)).fault is None


async def test_a_trail_of_several_pages_is_verified_to_its_end(pool: Pool) -> None:
    """A fault on the second page is found; a truncated end only by a head that was written down before."""
    await _append(pool, *_events(PAGE + 5))
    whole = await verify(pool)
    anchor = Anchor(head=whole.head, seq=whole.events)
    assert (whole.events, whole.fault) == (PAGE + 5, None)
    await _tamper(pool, "delete from audit_event where seq > $1", PAGE + 3)
    assert (await verify(pool)).fault is None
    cut = (await verify(pool, anchor)).fault
    assert cut is not None
    assert cut.seq == PAGE + 4
    await _tamper(pool, "update audit_event set alert_id = gen_random_uuid() where seq = $1", PAGE + 2)
    broken = await verify(pool, anchor)
    assert broken.fault is not None
    assert (broken.fault.seq, broken.events) == (PAGE + 2, PAGE + 1)


async def _empty(pool: Pool) -> None:
    """Begin with an empty trail, without the events of the deployment's authority and token."""
    await _tamper(pool, "delete from audit_event where seq >= $1", 1)


async def test_the_command_line_verifies_and_shows_the_trail(deployment: Deployment, pool: Pool) -> None:
    """It prints a head and accepts it later; a fault gives exit code 1 and the number of the event."""
    alert = uuid4()
    await _empty(pool)
    empty = await _command(deployment, "verify", "--json")
    await _append(pool, *_events(2), *_events(1, alert))
    whole = await _command(deployment, "verify")
    written_down = whole.output.splitlines()[-1].split()
    assert (empty.exit_code, whole.exit_code) == (0, 0)
    await _append(pool, *_events(1))
    for anchor in (written_down, ["--at", "0", "--head", json.loads(empty.output)["head"]]):
        assert (await _command(deployment, "verify", *anchor)).exit_code == 0
    shown = await _command(deployment, "show", "--alert", str(alert), "--json")
    assert [json.loads(line)["content"]["seq"] for line in shown.output.splitlines()] == [3]
    assert len((await _command(deployment, "show")).output.splitlines()) == 4
    await _tamper(pool, "update audit_event set content = replace(content, 'pause', 'cancel') where seq = 2")
    broken = await _command(deployment, "verify", *written_down, "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.output)["fault"]["seq"] == 2
    assert "event 2" in (await _command(deployment, "verify")).output
    assert (await _command(deployment, "verify", "--head", "beef")).exit_code == 2


async def test_a_summary_has_counts_area_and_times_and_names_nobody(deployment: Deployment, pool: Pool) -> None:
    """Of an ended alert: correct figures, the place to a kilometre, and no word of the case."""
    await deployment.provider()
    inside = await deployment.people(3000)
    server = await deployment.server()
    # A short number, such as 110, may stand in any id or time.
    contact = {"name": "福田分局", "phone": "0755-26001234"}
    _, answer = await deployment.file(server, contact=contact)
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    steps = [("received", "sending"), ("sending", "sent"), ("sent", "sent"), ("sent", "found"), ("found", "closed")]
    for before, after in steps:
        await _append(
            pool,
            AuditEvent(actor=ACTOR, action="x", alert=UUID(alert), before=before, after=after, reason=REASON),
        )
    await pool.execute("update alert set state = 'closed', ended_at = now(), through_alert = true")
    created = await deployment.command("token", "create", "--role", "viewer", "--name", "desk", "--json")
    viewer = {"Authorization": f"Bearer {created['token']}"}
    async with aiohttp.ClientSession(server.url, headers=viewer) as session:
        async with session.get(f"/v1/alerts/{alert}/summary") as response:
            text = await response.text()
        async with session.get("/v1/audit") as response:
            assert response.status == 403
        for unknown in (str(uuid4()), "nobody"):
            async with session.get(f"/v1/alerts/{unknown}/summary") as response:
                assert response.status == 404
    summary = json.loads(text)
    assert summary["counts"] == {
        "alert": {"accepted": len(inside), "invalid": 0, "refused": 0, "quarantined": 0, "failed": 0}
    }
    assert summary["area"] == {
        "centre": {"longitude": 114.06, "latitude": 22.54},
        "radius_km": 120,
        "city": None,
        "places": [],
    }
    assert [change["state"] for change in summary["states"]][-4:] == ["sending", "sent", "found", "closed"]
    assert summary["first_sent_at"] <= summary["found_at"]
    assert (summary["state"], summary["through_alert"]) == ("closed", True)
    exported = await _command(deployment, "summary", alert, "--json")
    assert json.loads(exported.output) == summary
    child = CASE["child"]
    private = [
        child["name"],
        child["clothing"],
        contact["name"],
        contact["phone"],
        "26001234",
        CASE["last_seen"]["place"],
    ]
    private += [ACTOR, REASON, "114.0579", "22.5431", CASE["case_number"], CASE["last_seen"]["at"], "desk", "test"]
    assert not [word for word in private if word in text + exported.output]


async def test_an_admin_reads_the_trail_page_by_page(deployment: Deployment, pool: Pool) -> None:
    """Every event once and in order, over all pages; the events read verify without the server."""
    await _empty(pool)
    await _append(pool, *_events(1100))
    server = await deployment.server()
    contents: list[bytes] = []
    after: int | None = 0
    while after is not None:
        page = await deployment.get(f"{server.url}/v1/audit?after={after}")
        contents += [msgspec.json.encode(event["content"]) for event in page["events"]]
        after = page["next"]
    assert [json.loads(content)["seq"] for content in contents] == list(range(1, 1103))
    reads = [json.loads(content)["event"] for content in contents[1100:]]
    assert [(one["action"], one["details"]["after"]) for one in reads] == [("read trail", 0), ("read trail", 500)]
    async with deployment.session() as session:
        for bad in ("-1", "x", "٣", "9" * 30):
            async with session.get(f"{server.url}/v1/audit", params={"after": bad}) as response:
                assert response.status == 422


async def test_no_text_of_an_event_blocks_the_next_one(pool: Pool) -> None:
    """Texts that PostgreSQL's JSON cannot hold are stored like all others."""
    await _append(pool, AuditEvent(actor="operator Olga", action="pause", reason="be\0cause"))
    await _append(pool, *_events(1))
    trail = await verify(pool)
    assert (trail.events, trail.fault) == (2, None)
