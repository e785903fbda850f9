"""Anchors: the head of the trail is written down outside of the database, and a trail that was cut is found by it."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import sql.audit
from push.alerts.record.audit import verify
from server.administration.anchors import AnchorsError, read_anchors
from server.cli import cli
from server.upkeep import anchor_file
from sql.audit import AuditEvent
from tests.support.alarms import until_alarmed, until_cleared
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

QUICK = {"QQ_ALERT_AUDIT__ANCHOR_EVERY_S": "0.1"}
DIGEST = "ab" * 32


async def _event(pool: Pool, action: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await sql.audit.append(connection, AuditEvent(actor="system", action=action))


async def _owner_does(pool: Pool, *texts: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        for text in texts:
            await connection.execute(text)


async def _verify(deployment: Deployment, *arguments: str, given: bytes | None = None) -> Result:
    return await asyncio.to_thread(
        CliRunner().invoke, cli, ["audit", "verify", *arguments], env=deployment.env(), input=given
    )


def _logged(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line) for line in lines if '"audit.anchor"' in line]


async def _anchored(log: Path, seq: int) -> None:
    async def is_logged() -> bool:
        return any(one["seq"] == seq for one in _logged(log))

    await until(is_logged)


async def test_the_head_is_logged_while_it_changes_and_at_the_end_at_any_level(
    deployment: Deployment, pool: Pool
) -> None:
    """One anchor a head, none while nothing happens, and one of the last event when the server stops."""
    server = await deployment.server(QQ_ALERT_LOG__LEVEL="error", **QUICK)
    start = (await verify(pool)).events
    await _anchored(deployment.log, start)
    await _event(pool, "one")
    await _anchored(deployment.log, start + 1)
    assert [one["seq"] for one in _logged(deployment.log)] == [start, start + 1]
    server.end()
    slow = await deployment.server(QQ_ALERT_LOG__LEVEL="error")
    await _anchored(deployment.log, start + 1)
    await _event(pool, "two")
    slow.end()
    trail = await verify(pool)
    last = _logged(deployment.log)[-1]
    assert (last["seq"], last["digest"]) == (trail.events, trail.head)


async def test_a_trail_that_the_owner_cut_or_wrote_anew_is_found_by_the_anchors(
    deployment: Deployment, pool: Pool, tmp_path: Path
) -> None:
    """Cut at its end the chain holds by itself; anchors from log and file alike show where it is cut."""
    file = tmp_path / "anchors.jsonl"
    server = await deployment.server(QQ_ALERT_AUDIT__ANCHOR_FILE=str(file), **QUICK)
    other = await deployment.server(QQ_ALERT_AUDIT__ANCHOR_FILE=str(file), **QUICK)
    await _event(pool, "one")
    events = (await verify(pool)).events
    await _anchored(deployment.log, events)
    server.end()
    other.end()
    assert (file.stat().st_mode & 0o777, file.read_bytes().count(b"\n") >= 2) == (0o600, True)
    log = deployment.log.read_bytes()
    for arguments, given in ((["--anchors", str(file)], None), (["--anchors", "-"], log)):
        held = await _verify(deployment, *arguments, given=given)
        assert (held.exit_code, "anchors hold" in held.output) == (0, True), held.output
    await _owner_does(pool, f"delete from audit_event where seq = {events}")  # noqa: S608 - a number of ours
    assert (await _verify(deployment)).exit_code == 0
    for arguments, given in ((["--anchors", str(file)], None), (["--anchors", "-"], log)):
        cut = await _verify(deployment, *arguments, "--json", given=given)
        assert cut.exit_code == 1
        assert json.loads(cut.output)["fault"]["seq"] == events
    await _event(pool, "another")
    assert (await _verify(deployment)).exit_code == 0
    anew = await _verify(deployment, "--anchors", str(file))
    assert (anew.exit_code, f"event {events}" in anew.output) == (1, True)


@pytest.mark.parametrize(
    "line",
    [
        '{"event":"audit.anchor","seq":7,"digest":"%s","at":"2026-11-28T00:00:00Z"}',
        'Nov 28 10:00:00 host qq-alert[1]: {"seq": 7, "digest": "%s", "event": "audit.anchor", "level": "info"}',
        'server-1  | {"digest":"%s","event":"audit.anchor","seq":7}',
        "2026-11-28 10:00 [info ] \x1b[1maudit.anchor\x1b[0m  at=x \x1b[36mdigest\x1b[0m=\x1b[35m%s\x1b[0m seq=7",
        '{"log":"{\\"event\\":\\"audit.anchor\\",\\"seq\\":7,\\"digest\\":\\"%s\\"}\\n","stream":"stderr"}',
        '{"MESSAGE":"{\\"event\\":\\"audit.anchor\\",\\"seq\\":7,\\"digest\\":\\"%s\\"}","_PID":"1"}',
    ],
)
def test_an_anchor_is_read_as_logs_keep_it(line: str) -> None:
    """Bare, behind what a collector puts before it, on a terminal, and wrapped; other lines are left out."""
    text = f'{{"event":"server.ready"}}\n{line % DIGEST}\n{line % DIGEST}\nnothing\n'
    found = read_anchors(io.BytesIO(text.encode()))
    assert (found.heads, found.unreadable) == ({7: frozenset({DIGEST})}, [])


def test_damaged_anchors_are_named_and_no_anchors_at_all_are_refused() -> None:
    """A line cut short does not hide the others; a file without any would verify nothing."""
    good = f'{{"event":"audit.anchor","seq":7,"digest":"{DIGEST}"}}\n'
    damaged = (good[:40], good.replace("7", "0"), good.replace("ab", "zz"), good.replace("7", '"x"'))
    found = read_anchors(io.BytesIO("".join([good, *(f"{one.strip()}\n" for one in damaged)]).encode()))
    assert (set(found.heads), found.unreadable) == ({7}, [2, 3, 4, 5])
    for nothing in (b"", b"a log\n", damaged[0].encode()):
        with pytest.raises(AnchorsError):
            read_anchors(io.BytesIO(nothing))


async def test_a_file_that_takes_no_anchor_is_an_alarm_and_no_stop(deployment: Deployment, tmp_path: Path) -> None:
    """The server starts and serves; the alarm ends with the first anchor that is written."""
    file = tmp_path / "missing" / "anchors.jsonl"
    server = await deployment.server(QQ_ALERT_AUDIT__ANCHOR_FILE=str(file), **QUICK)
    await until_alarmed(deployment, server, "anchor_refused")
    file.parent.mkdir()
    await until_cleared(deployment, server, "anchor_refused")
    assert read_anchors(io.BytesIO(file.read_bytes())).heads
    full = await deployment.server(QQ_ALERT_AUDIT__ANCHOR_FILE="/dev/full", **QUICK)
    await until_alarmed(deployment, full, "anchor_refused")
    assert (await deployment.file(full))[0] == 202


def test_a_full_file_gets_a_number_and_no_line_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is removed or overwritten, and a line that was cut short spoils no other."""
    monkeypatch.setattr(anchor_file, "ROTATE_BYTES", 200)
    file = tmp_path / "anchors"
    for number in range(50):
        anchor_file.append(file, b"%049d" % number)
        if number == 20:
            with file.open("ab") as torn:
                torn.write(b"cut")
    parts = sorted(tmp_path.iterdir())
    lines = b"".join(part.read_bytes() for part in parts).split(b"\n")
    assert len(parts) > 10
    assert sorted(one for one in lines if one and one != b"cut") == [b"%049d" % number for number in range(50)]


def test_the_last_anchor_is_read_whatever_stands_behind_it(tmp_path: Path) -> None:
    """None without a file; the last whole line, also where a full disk cut the one behind it; of a full file, too."""
    file = tmp_path / "anchors.jsonl"
    assert anchor_file.last(file) is None
    lines = [
        json.dumps({"event": "audit.anchor", "seq": seq, "digest": f"{seq:064x}"}).encode() for seq in range(1, 60)
    ]
    for line in lines:
        anchor_file.append(file, line)
    assert anchor_file.last(file) == (59, f"{59:064x}")
    with file.open("ab") as opened:
        opened.write(b'{"event":"audit.anchor","seq":60,"dig')
    assert anchor_file.last(file) == (59, f"{59:064x}")
    file.rename(tmp_path / "anchors.jsonl.10")
    (tmp_path / "anchors.jsonl.9").write_bytes(lines[3] + b"\n")
    assert anchor_file.last(file) == (59, f"{59:064x}")
