"""Administrators do over HTTP what the command line does, with the same event; nobody else does, nor by mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest

import sql.audit
from handlers.http.roles import Role
from server.administration import access
from server.administration.file_case import send_case
from server.settings import load
from sql.audit import Entry, Link
from tests.support.cap.messages import pair
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[113.0, 22.0], [115.0, 22.0], [115.0, 23.0], [113.0, 23.0], [113.0, 22.0]]],
}
ELSEWHERE = {"type": "Polygon", "coordinates": [[[100.0, 30.0], [101.0, 30.0], [101.0, 31.0], [100.0, 30.0]]]}
OF_THE_AUTHOR = {"actor", "token", "terminal", "reason_digest"}
"""In what an event of the console differs from one of the command line: who did it, and that they said why."""


async def _events(pool: Pool) -> list[Entry]:
    return [msgspec.json.decode(row.content, type=Link).event async for row in sql.audit.read(pool)]


def _without_author(event: Entry, authority: str, token: object) -> dict[str, Any]:
    """Return an event as both write it: without its author, and without the names of what each of them made."""
    built: dict[str, Any] = json.loads(msgspec.json.encode(event).decode().replace(authority, "NAMED"))
    if "token" in built["details"]:
        assert built["details"].pop("token") == token
    return {name: value for name, value in built.items() if name not in OF_THE_AUTHOR}


async def _ok(deployment: Deployment, server: Process, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    """Post as the administrator; returns the answer."""
    status, answer = await deployment.post(f"{server.url}/v1/{path}", {"reason": "because", **body})
    assert status in {200, 201, 204}, (path, status, answer)
    return answer


async def test_every_event_of_the_console_is_that_of_the_command_line_but_for_its_author(
    deployment: Deployment, pool: Pool, tmp_path: Path
) -> None:
    """All that both can do: the same action and details; one names a token, one a user."""
    server = await deployment.server()
    certificate = tmp_path / "police.pem"
    certificate.write_bytes(pair("police").certificate)
    where = tmp_path / "where.geojson"
    where.write_text(json.dumps(SQUARE), encoding="utf-8")
    before = len(await _events(pool))
    await deployment.run("authority", "add", "by-hand", "--name", "Xi'an", "--time-zone", "Asia/Urumqi")
    await deployment.run("authority", "rotate", "by-hand")
    await deployment.run("authority", "limit", "by-hand", "--jurisdiction", str(where))
    await deployment.run("authority", "limit", "by-hand", "--none")
    await deployment.run("authority", "time-zone", "by-hand", "Asia/Shanghai")
    await deployment.run("authority", "time-zone", "by-hand", "--none")
    await deployment.run("authority", "review", "by-hand", "--policy", "grace", "--grace-s", "90")
    await deployment.run("authority", "policy", "by-hand", "--ask", "at_risk", "--ask", "consent")
    fingerprint = (await deployment.run("authority", "pin", "by-hand", str(certificate))).strip()
    await deployment.run("authority", "unpin", "by-hand", fingerprint)
    first = await deployment.command("token", "create", "--role", "viewer", "--name", "Desk", "--json")
    await deployment.run("token", "revoke", str(first["id"]))
    await deployment.run("exercise", "enrol", "7", "--consented-at", "2026-11-01")
    await deployment.run("exercise", "withdraw", "7")
    await deployment.run("authority", "revoke", "by-hand", "--keep-live")
    commands = (await _events(pool))[before:]
    one = "authorities/by-web"
    await _ok(deployment, server, "authorities", id="by-web", name="Xi'an", time_zone="Asia/Urumqi")
    await _ok(deployment, server, f"{one}/secrets", confirmation="by-web")
    await _ok(deployment, server, f"{one}/jurisdiction", confirmation="by-web", jurisdiction=SQUARE)
    await _ok(deployment, server, f"{one}/jurisdiction", confirmation="by-web", lifted=True)
    await _ok(deployment, server, f"{one}/time-zone", time_zone="Asia/Shanghai")
    await _ok(deployment, server, f"{one}/time-zone")
    await _ok(deployment, server, f"{one}/review", policy="grace", grace_s=90)
    await _ok(deployment, server, f"{one}/checklist", asks=["at_risk", "consent"])
    await _ok(deployment, server, f"{one}/certificates", pem=certificate.read_text(encoding="ascii"))
    await _ok(deployment, server, f"{one}/unpinning", confirmation="by-web", fingerprint=fingerprint)
    second = await _ok(deployment, server, "tokens", role="viewer", name="Desk")
    await _ok(deployment, server, f"tokens/{second['id']}/revocation", confirmation="Desk")
    await _ok(deployment, server, "enrolled", users=[8], consented_at="2026-11-01T08:00:00+08:00")
    await _ok(deployment, server, "enrolled/removal", users=[8])
    await _ok(deployment, server, f"{one}/revocation", confirmation="by-web", keep_live=True)
    console = (await _events(pool))[before + len(commands) :]
    assert [event.action for event in commands] == [
        "authority added",
        "secret rotated",
        "authority limited",
        "authority limited",
        "authority time zone set",
        "authority time zone set",
        "review policy",
        "checklist",
        "certificates pinned",
        "certificate unpinned",
        "token created",
        "token revoked",
        "exercise enrolment",
        "exercise withdrawal",
        "authority revoked",
    ]
    by_hand = [_without_author(event, "by-hand", first["id"]) for event in commands]
    assert [_without_author(event, "by-web", second["id"]) for event in console] == by_hand
    assert {(event.actor, event.token) for event in commands} == {("command line", None)}
    assert all(event.terminal is not None for event in commands)
    assert {event.actor for event in console} == {"admin test"}
    assert all(event.token is not None and event.terminal is None for event in console)
    assert all(event.reason_digest is not None for event in console)


async def test_a_new_secret_is_shown_once_and_both_verify_until_the_overlap_is_over(deployment: Deployment) -> None:
    """No later answer has it; the old one is refused once its seven days are over, the new one still signs."""
    await deployment.provider()
    server = await deployment.server()
    state = (await deployment.get(f"{server.url}/v1/authorities/sz"))["authority"]
    body = {"confirmation": "sz", "newest_secret": state["newest_secret"]}
    fresh = (await _ok(deployment, server, "authorities/sz/secrets", **body))["secret"]
    async with deployment.session() as session, session.get(f"{server.url}/v1/authorities/sz") as response:
        text = await response.text()
        assert response.headers["Cache-Control"] == "no-store"
    assert fresh not in text
    assert len(json.loads(text)["secrets"]) == 2
    # Whoever sends the same form again, or looked before somebody else rotated it, gets no third one.
    status, problem = await deployment.post(f"{server.url}/v1/authorities/sz/secrets", {"reason": "again", **body})
    assert (status, problem["code"]) == (409, "secret_changed")

    async def filed(secret: str, number: str) -> int:
        content = msgspec.json.encode({**CASE, "case_number": number})
        return (await send_case(server.url, "sz", secret, content))[0]

    assert [await filed(deployment.secret, "SZ-1"), await filed(fresh, "SZ-2")] == [202, 202]
    await deployment.query("update authority_secret set expires_at = now() where expires_at is not null")
    assert [await filed(deployment.secret, "SZ-3"), await filed(fresh, "SZ-4")] == [401, 202]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("authorities/sz/secrets", {}),
        ("authorities/sz/jurisdiction", {"jurisdiction": ELSEWHERE}),
        ("authorities/sz/revocation", {}),
        ("authorities/sz/unpinning", {"fingerprint": "ab"}),
        ("tokens/1/revocation", {}),
    ],
)
async def test_what_cannot_be_taken_back_needs_the_name_typed_and_a_reason(
    deployment: Deployment, pool: Pool, path: str, body: dict[str, Any]
) -> None:
    """Another name, or none, or no reason: refused, and the trail has no event of it."""
    server = await deployment.server()
    before = await _events(pool)
    for more in (
        {"reason": "because", "confirmation": "gz"},
        {"reason": "because"},
        {"confirmation": "sz"},
        {"reason": " ", "confirmation": "sz"},
    ):
        status, problem = await deployment.post(f"{server.url}/v1/{path}", {**body, **more})
        assert (status, problem["code"]) in {(422, "wrong_confirmation"), (422, "bad_fields")}, more
    assert await _events(pool) == before


async def test_nobody_but_an_administrator_of_no_authority_reads_or_changes_anything(deployment: Deployment) -> None:
    """Every other role is refused, and so is an administrator who is an officer of an authority."""
    server = await deployment.server()
    settings = load(None, deployment.env())
    tokens = {
        role.value: (await access.create_token(settings, deployment.stores, role, f"a {role}"))[1]
        for role in Role
        if role is not Role.ADMIN
    }
    officer = await access.create_token(settings, deployment.stores, Role.ADMIN, "officer", authority="sz")
    tokens["officer"] = officer[1]
    changes = {"authorities": {"id": "gz", "name": "Guangzhou"}, "tokens": {"role": "approver", "name": "Eve"}}
    for name, token in tokens.items():
        expected = "other_authority" if name == "officer" else "wrong_role"
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            for path in ("authorities", "authorities/sz", "authorities/sz/jurisdiction", "tokens"):
                async with session.get(f"{server.url}/v1/{path}") as response:
                    assert (response.status, (await response.json())["code"]) == (403, expected), (name, path)
        for path, body in changes.items():
            status, problem = await deployment.post(f"{server.url}/v1/{path}", {"reason": "x", **body}, token)
            assert (status, problem["code"]) == (403, expected), (name, path)
    assert [one["id"] for one in (await deployment.get(f"{server.url}/v1/authorities"))["authorities"]] == ["sz"]


async def test_a_jurisdiction_is_shown_as_geojson_and_in_numbers(deployment: Deployment) -> None:
    """What was given comes back; a bad one is refused and changes nothing; without one there is nothing to show."""
    server = await deployment.server()
    url = f"{server.url}/v1/authorities/sz"
    assert (await deployment.get(f"{url}/jurisdiction"))["code"] == "not_limited"
    crossed = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    for bad in (crossed, {}, {"type": "Polygon"}, {"type": "FeatureCollection", "features": 5}):
        wrong = {"reason": "because", "confirmation": "sz", "jurisdiction": bad}
        assert (await deployment.post(f"{url}/jurisdiction", wrong))[1]["code"] == "bad_fields"
    answer = await _ok(deployment, server, "authorities/sz/jurisdiction", confirmation="sz", jurisdiction=SQUARE)
    assert answer["jurisdiction"] == {"polygons": 1, "vertices": 5, "bounds": [113.0, 22.0, 115.0, 23.0]}
    async with deployment.session() as session, session.get(f"{url}/jurisdiction") as response:
        assert response.content_type == "application/geo+json"
        [feature] = json.loads(await response.read())["features"]
    assert feature["properties"]["kind"] == "jurisdiction"
    [[ring]] = feature["geometry"]["coordinates"]
    assert sorted(map(tuple, ring[:-1])) == [(113.0, 22.0), (113.0, 23.0), (115.0, 22.0), (115.0, 23.0)]


async def test_a_revoked_token_of_an_administrator_changes_nothing_more(deployment: Deployment) -> None:
    """An administrator may revoke the own token: the next request of it is refused."""
    server = await deployment.server()
    created = await _ok(deployment, server, "tokens", role="admin", name="Anna")
    url = f"{server.url}/v1/tokens/{created['id']}/revocation"
    assert (await deployment.post(url, {"reason": "leaves", "confirmation": "Bert"}))[1]["code"] == "wrong_confirmation"
    body = {"reason": "leaves", "confirmation": "Anna"}
    assert (await deployment.post(url, body, created["token"]))[0] == 204
    assert (await deployment.post(url, body, created["token"]))[0] == 401
    assert (await deployment.post(url, body))[1]["code"] == "unknown_token"
    listed = (await deployment.get(f"{server.url}/v1/tokens"))["tokens"]
    assert "Anna" not in {one["name"] for one in listed}
    ended = (await deployment.get(f"{server.url}/v1/tokens?ended=true"))["tokens"]
    assert "Anna" in {one["name"] for one in ended}
