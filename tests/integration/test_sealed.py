"""Sealed notes: what the police write for those who judge a case is read by these alone, and goes with the child."""

from __future__ import annotations

import asyncio
import hashlib
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import asyncpg
import msgspec
from cryptography.fernet import Fernet
from redis import asyncio as aioredis

from handlers.http.roles import Role
from server.administration import access
from server.administration.file_case import send_case, signed_headers
from server.settings import load
from tests.support.cap.documents import keys
from tests.support.cap.messages import public_settings
from tests.support.console_session import console_session
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until
from tests.support.providers.every_lane import every_lane
from tests.support.routes import route_table
from tests.support.updates import send_update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

NUMBER: Final = CASE["case_number"]
MARK: Final = "zqsealedqz"
"""In every text that is sealed: a search for it finds each of them."""

INTERNAL: Final = {name: f"{MARK} {name}" for name in ("medical", "custody", "school", "address", "notes")}
BASIS: Final = {
    "criteria": {"is_missing": True, "at_risk": True, "describable": True, "custody_dispute": False},
    "consent": {"relation": f"{MARK} relation", "at": CASE["reported_at"], "scope": f"{MARK} scope"},
}
SEALED: Final = {"internal": INTERNAL, "basis": BASIS}
WHY: Final = {"reason": f"{MARK} reason", "case_number": NUMBER}
TEXTS: Final = {locale: {"title": "Missing", "body": "In other words"} for locale in ("zh-CN", "en")}
SHORT: Final = {"QQ_ALERT_RETENTION__LOOK_S": "0.1", "QQ_ALERT_LOG__LEVEL": "debug"}
LANES: Final = {"tpns", "huawei", "xiaomi", "vivo", "oppo", "honor", "apns", "fcm", "webpush"}

ANSWERS: Final = (
    "/v1/alerts",
    "/v1/alerts/{alert}",
    "/v1/alerts/{alert}/summary",
    "/v1/alarms",
    "/metrics",
    "/openapi.json",
    "/v1/public/alerts",
    "/v1/public/alerts/{alert}",
    "/v1/public/alerts/{alert}/cap",
    "/v1/public/feed",
    "/v1/public/alerts.atom",
)
"""What is searched of what the server answers; a page that there is not says so, and is searched all the same."""


def _found(surface: str, text: str | bytes) -> list[str]:
    """Return what stands around a mark on a surface; a mark has no characters that are ever escaped."""
    words = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    place = words.find(MARK)
    return [] if place < 0 else [f"{surface}: {words[max(0, place - 100) : place + 100]}"]


async def _answers(deployment: Deployment, server: Process, alert: str) -> str:
    """Return every answer of a viewer and of the public, and a snapshot of the feed."""
    words = []
    async with deployment.session() as session:
        for path in ANSWERS:
            async with session.get(f"{server.url}{path.format(alert=alert)}") as response:
                words.append(await response.text())
        async with session.ws_connect(f"{server.url}/v1/feed") as feed:
            words.append((await feed.receive()).data)
    return "\n".join(words)


async def _redis(deployment: Deployment, _: Process, __: str) -> str:
    client = aioredis.Redis.from_url(deployment.redis_url)
    words = [f"{key!r} {await client.dump(key)!r}" async for key in client.scan_iter()]
    await client.aclose()
    return "\n".join(words)


async def _trail(deployment: Deployment, _: Process, __: str) -> str:
    return "\n".join(row[0] for row in await deployment.query("select content from audit_event"))


async def _record(deployment: Deployment, _: Process, __: str, leave: frozenset[str] = frozenset()) -> str:
    """Return every value of every table."""
    connection = await asyncpg.connect(deployment.database_url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    words = [
        f"{table} {value.decode('utf-8', errors='replace') if isinstance(value, bytes) else value}"
        for (table,) in tables
        if table not in leave
        for row in await connection.fetch(f'select * from "{table}"')  # noqa: S608 - names from the catalogue
        for value in row.values()
    ]
    await connection.close()
    return "\n".join(words)


async def _record_but_reasons(deployment: Deployment, server: Process, alert: str) -> str:
    """Return the record without the reasons, which stand in it until the child's data is deleted."""
    return await _record(deployment, server, alert, frozenset({"audit_reason", "proposal"}))


async def _log(deployment: Deployment, _: Process, __: str) -> str:
    return deployment.log.read_text(encoding="utf-8")


async def _pages(deployment: Deployment, server: Process, alert: str) -> str:
    """Return every page of the console as an operator reads it who is no officer of the case."""
    _, token = await access.create_token(load(None, deployment.env()), deployment.stores, Role.OPERATOR, "Olga")
    paths = {route.path for route in route_table() if route.method == "GET" and route.path.startswith("/console")}
    opened = [path.format(id=alert) for path in paths if set(re.findall(r"{(.*?)}", path)) <= {"id"}]
    assert any(alert in path for path in opened)
    words = []
    async with console_session(server, token) as session:
        for path in opened:
            async with session.get(path) as response:
                assert response.status != HTTPStatus.UNAUTHORIZED or "sign-in" in path, path
                words.append(await response.text())
    return "\n".join(words)


SURFACES: Final[dict[str, Callable[[Deployment, Process, str], Awaitable[str]]]] = {
    "answers": _answers,
    "pages": _pages,
    "redis": _redis,
    "trail": _trail,
    "record": _record_but_reasons,
    "log": _log,
}
"""Where a sealed text might come out while the alert lives. What is added to the server later is added here."""


async def _listen(deployment: Deployment, server: Process, heard: list[str]) -> None:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        async for message in feed:
            heard += [message.data]


async def _search(deployment: Deployment, server: Process, alert: str) -> list[str]:
    return [hit for name, read in SURFACES.items() for hit in _found(name, await read(deployment, server, alert))]


async def test_no_sealed_text_comes_out_of_the_server_and_none_outlives_the_childs_data(
    deployment: Deployment,
) -> None:
    """Through a whole life in nine lanes and two languages nothing has a mark; afterwards no table has one either."""
    async with every_lane(deployment) as lanes:
        await lanes.people(deployment)
        published = public_settings(deployment.folder, keys())
        server = await deployment.server(**lanes.env, **published, **SHORT)
        heard: list[str] = []
        listener = asyncio.create_task(_listen(deployment, server, heard))
        status, answer = await deployment.file(server, **SEALED)
        assert status == HTTPStatus.ACCEPTED, answer
        alert = answer["alert"]["id"]
        assert await _read(deployment, server, alert) == SEALED["internal"]
        await deployment.sent(server, alert)
        found = await _search(deployment, server, alert)
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": TEXTS}))[0] == 200
        await until(lambda: _notices_are_through(deployment))
        found += await _search(deployment, server, alert)
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200
        await until(lambda: _notices_are_through(deployment))
        found += await _search(deployment, server, alert)
        assert MARK in await _record(deployment, server, alert), "the search finds the reasons"

        await deployment.pass_time(1.1)
        await until(lambda: _is_closed(deployment, alert))
        assert MARK not in await _record(deployment, server, alert)
        assert await deployment.query("select 1 from case_sealed") == []
        assert await _read(deployment, server, alert) is None
        found += await _search(deployment, server, alert)
        server.end()
        await listener
    found += [hit for lane, requests in lanes.pushes.items() for one in requests for hit in _found(lane, one)]
    found += _found("feed", "\n".join(heard)) + _found("answer", msgspec.json.encode(answer))
    assert found == []
    assert set(lanes.pushes) == LANES, "every lane sent something"
    assert len(heard) > 1


async def _read(deployment: Deployment, server: Process, alert: str, token: str = "") -> dict[str, Any] | None:
    headers = {"Authorization": f"Bearer {token or deployment.token}"}
    url = f"{server.url}/v1/alerts/{alert}/internal"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        assert response.status == HTTPStatus.OK, await response.text()
        internal: dict[str, Any] | None = (await response.json())["internal"]
        return internal


async def _notices_are_through(deployment: Deployment) -> bool:
    query = """select 1 from sweep s join sweep_unit u on u.sweep_id = s.id
               where s.notice <> 'alert' and not u.done"""
    return not await deployment.query(query)


async def _is_closed(deployment: Deployment, alert: str) -> bool:
    return bool((await deployment.query("select state from alert where id = $1", alert))[0][0] == "closed")


async def test_officers_of_the_case_and_approvers_read_what_is_sealed_and_each_read_is_recorded(
    deployment: Deployment,
) -> None:
    """A viewer and an operator of none get 403, an officer of another authority 404; the trail has those who read."""
    await deployment.provider()
    officers = Officers(deployment, await deployment.server())
    await deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    await officers.person("Own", Role.VIEWER, "sz")
    await officers.person("Judge", Role.APPROVER)
    await officers.person("Viewer", Role.VIEWER)
    await officers.person("Operator", Role.OPERATOR)
    await officers.person("Other", Role.OPERATOR, "gz")
    await officers.person("Other judge", Role.APPROVER, "gz")
    _, answer = await deployment.file(officers.server, **SEALED)
    alert = answer["alert"]["id"]
    expected = {
        "Own": HTTPStatus.OK,
        "Judge": HTTPStatus.OK,
        "Viewer": HTTPStatus.FORBIDDEN,
        "Operator": HTTPStatus.FORBIDDEN,
        "Other": HTTPStatus.NOT_FOUND,
        "Other judge": HTTPStatus.NOT_FOUND,
    }
    got = {}
    for name in expected:
        headers = {"Authorization": f"Bearer {officers.text_of(name)}"}
        url = f"{officers.server.url}/v1/alerts/{alert}/internal"
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
            got[name] = response.status
            assert (MARK in await response.text()) is (response.status == HTTPStatus.OK)
    assert got == expected
    events = await deployment.query("select content from audit_event where content like '%internal%' order by seq")
    assert [msgspec.json.decode(row[0])["event"]["actor"] for row in events] == ["viewer Own", "approver Judge"]
    preview = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/preview")
    assert preview["basis"]["criteria"] == BASIS["criteria"]
    assert preview["basis"]["consent"]["relation"] == f"{MARK} relation"


async def test_the_same_case_with_other_notes_is_another_case_and_no_digest_tests_a_guess(
    deployment: Deployment,
) -> None:
    """It stands with the same notes, also under a new key; with others, or none, it is a conflict."""
    await deployment.provider()
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    await deployment.query("delete from authority_secret")
    key = {"QQ_ALERT_SECURITY__ENCRYPTION_KEY": old}
    deployment.secret = await _registered(deployment, key)
    server = await deployment.server(**key)
    body = msgspec.json.encode({**CASE, **SEALED})
    headers = signed_headers(deployment.secret, body)
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.post(f"{server.url}/v1/intake/sz", data=body, headers=headers) as response:
                assert response.status == HTTPStatus.ACCEPTED
    alert = (await deployment.query("select id from alert"))[0][0]
    server.end()
    server = await deployment.server(QQ_ALERT_SECURITY__ENCRYPTION_KEY=f"{new},{old}")
    assert (await deployment.file(server, **SEALED))[0] == HTTPStatus.OK
    assert await _read(deployment, server, str(alert)) == INTERNAL
    others: tuple[dict[str, Any], ...] = (
        {},
        {"internal": INTERNAL},
        {**SEALED, "internal": {**INTERNAL, "school": "another"}},
        {**SEALED, "basis": {**BASIS, "criteria": None}},
    )
    for changed in others:
        status, problem = await deployment.file(server, **changed)
        assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "case_conflict"), changed
    stored = await deployment.query("select body_digest from webhook_receipt")
    assert hashlib.sha256(body).digest() not in {row[0] for row in stored}
    other = (await deployment.file(server, case_number="SZ-2", **SEALED))[1]["alert"]["id"]
    # What is sealed of one case opens as that of no other.
    swap = """update case_sealed s set ciphertext = (select o.ciphertext from case_sealed o where o.case_id <> s.case_id
              limit 1) where case_id = (select case_id from alert where id = $1)"""
    await deployment.query(swap, other)
    shown = await deployment.get(f"{server.url}/v1/alerts/{other}/internal")
    assert (shown["is_readable"], shown["internal"]) == (False, None)


async def test_an_update_of_what_is_sealed_lays_it_over_field_by_field(deployment: Deployment) -> None:
    """What the update leaves out stays sealed as it stood, and no note says that it was the same as before."""
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server, **SEALED)
    status, updated = await send_update(deployment, server, internal={"notes": "another"})
    assert (status, updated["notes"]) == (HTTPStatus.OK, [])
    assert await _read(deployment, server, answer["alert"]["id"]) == INTERNAL | {"notes": "another"}


async def _registered(deployment: Deployment, env: dict[str, str]) -> str:
    """Give the authority a secret under a key of the test's own; returns it."""
    return await access.rotate(load(None, deployment.env(**env)), deployment.stores, "sz")


async def test_a_case_of_todays_schema_is_the_same_case_as_before(deployment: Deployment) -> None:
    """Nothing is sealed of it, and what the record keeps of it names none of the new fields."""
    await deployment.provider()
    server = await deployment.server()
    _, answer = await deployment.file(server)
    kept = (await deployment.query("select content::text from child_case"))[0][0]
    assert "internal" not in kept
    assert "basis" not in kept
    assert await deployment.query("select 1 from case_sealed") == []
    assert answer["alert"]["review"]["held_for"] == []
    body = msgspec.json.encode(CASE)
    assert (await send_case(server.url, "sz", deployment.secret, body))[0] == HTTPStatus.OK
