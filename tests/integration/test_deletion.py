"""Deletion: when its time has come, nothing stored anywhere names the child, or says who was notified."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import numpy as np
from redis import asyncio as aioredis

import push.alerts.record.audit
import sql.deletion
from push.fanout.packing import pack, unpack
from server.administration.file_case import signed_headers
from tests.support.nights import at_night
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until
from tests.support.updates import send_update

if TYPE_CHECKING:
    from sql.database import Pool
    from tests.support.processes.processes import Process

NAME, PHONE, LOOKS, FEATURES = "欧阳晓明", "13800138000", "黄色雨衣绿靴子", "右手有疤"
PLACE, OFFICER, PHOTO = "莲花山公园南门", "福田分局张警官", "https://police.example/photos/4711.jpg"
WHERE = (114.0567891, 22.5432198)
SEEN_LATER, LATER_PLACE = ((114.6678912, 22.7654321), (114.8912347, 22.8123456)), "惠阳客运站二号门"
RICH = {"nicknames": ["小胖墩"], "hair": "栗色卷发", "accent": "潮汕口音"}
COMPANION, PLATE, GUIDANCE, OWN = "瘦高个继父", "粤B4711X", "切勿惊动他们", "Chubasquero amarillo"
SEEN_WITH = ("小胖墩", "栗色卷发", "潮汕口音", COMPANION, PLATE, GUIDANCE, OWN)
OWN_FOUND = "back with the family of the green house"
"""A follow-up notice of the police names no child, and may say more than it should."""

CHILD = (NAME, PHONE, LOOKS, FEATURES, PLACE, OFFICER, PHOTO, "4711.jpg", *map(str, WHERE), *SEEN_WITH, OWN_FOUND)
OTHER_COMPANION, OTHER_PLATE, CUSTODY, SUSPECT = (
    "黑夹克男子",
    "粤B7Q47",
    "抚养权归外祖母",
    "https://police.example/photos/4712.jpg",
)
MOVED = (LATER_PLACE, *(str(degrees) for place in SEEN_LATER for degrees in place))
LATER = (OTHER_COMPANION, OTHER_PLATE, CUSTODY, SUSPECT, "4712.jpg", *MOVED)
FILED = {
    "child": {
        "name": NAME,
        "sex": "male",
        "age": 6,
        "clothing": LOOKS,
        "features": FEATURES,
        "photo_url": PHOTO,
        **RICH,
    },
    "companions": [{"relation": COMPANION}],
    "vehicle": {"plate": PLATE},
    "guidance": GUIDANCE,
    "texts": {"es": {"title": OWN, "body": OWN, "follow_ups": {"found": {"title": OWN_FOUND, "body": OWN_FOUND}}}},
    "contact": {"name": OFFICER, "phone": PHONE},
    "last_seen": {**CASE["last_seen"], "place": PLACE, "longitude": WHERE[0], "latitude": WHERE[1]},
    "area": {"radius_km": 120, "reason": f"seen near {PLACE}"},
    "internal": {"medical": FEATURES, "school": PLACE, "notes": f"{NAME}: call {OFFICER}"},
    "basis": {"criteria": {"at_risk": True}, "consent": {"relation": OFFICER, "waived": f"{NAME} has nobody"}},
}
NEWCOMER = 87_654_321
SHORT = {"QQ_ALERT_RETENTION__LOOK_S": "0.1", "QQ_ALERT_LOG__LEVEL": "debug"}
LATE = {"QQ_ALERT_ALERT__LATE_ENTRANTS_EVERY_S": "1"}
WHY = {"reason": f"{NAME} in {LOOKS} at {PLACE}: call {OFFICER}, {PHONE}", "case_number": CASE["case_number"]}
"""Reasons should not contain such names, but many will."""

ENDED: dict[str, Any] = {
    "outcome": "deceased",
    "after_action": {
        "found_at": "2026-11-23T20:17:31+08:00",
        "longitude": 114.3,
        "latitude": 22.6,
        "by": "family",
        "evidence": "finder_said",
    },
}
KNOWN_AFTER = ("distance_km", "finder_said", "found_at")


async def _record(url: str) -> str:
    """Return every value of every table as text; bytes also as UTF-8 and as packed ids."""
    connection = await asyncpg.connect(url)
    words: list[str] = []
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        assert {"child_case", "alert", "ledger", "webhook_receipt", "audit_event"} <= {row[0] for row in tables}
        for (table,) in tables:
            for row in await connection.fetch(f'select * from "{table}"'):  # noqa: S608 - names from the catalogue
                words += [said for value in row.values() for said in _printed(value)]
    finally:
        await connection.close()
    return "\n".join(words)


def _printed(value: object) -> list[str]:
    if not isinstance(value, bytes):
        return [str(value)]
    words = [value.decode("utf-8", errors="replace"), value.hex()]
    try:
        words.append(f"users {' '.join(map(str, unpack(value).tolist()))} ")
    except (ValueError, OverflowError):
        return words
    return words


async def _redis(url: str) -> str:
    """Return every key of Redis with its value, except positions and devices."""
    client = aioredis.Redis.from_url(url)
    words: list[str] = []
    async for key in client.scan_iter():
        words.append(str(key))
        if not key.startswith((b"geo:", b"device:")):
            words.append(str(await client.dump(key)))
    await client.aclose()
    return "\n".join(words)


async def _answers(deployment: Deployment, server: Process, alert: str) -> str:
    """Return the server's answers about an alert, its metrics, and a fresh snapshot of the feed."""
    words = []
    async with deployment.session() as session:
        for path in ("/v1/alerts", f"/v1/alerts/{alert}", f"/v1/alerts/{alert}/preview", "/metrics", "/v1/audit"):
            async with session.get(f"{server.url}{path}") as response:
                assert response.status == 200
                words.append(await response.text())
        async with session.ws_connect(f"{server.url}/v1/feed") as feed:
            words.append((await feed.receive()).data)
    return "\n".join(words)


def _names(text: str) -> list[str]:
    return [word for word in CHILD + LATER if word in text or word.encode().hex() in text]


def _users(text: str, users: set[str]) -> set[str]:
    return {user for line in text.splitlines() if line.startswith("users ") for user in line.split()} & users


async def _whole_life(deployment: Deployment, server: Process) -> str:
    """File a case, notify people, send an update, end it as found; returns the alert."""
    await deployment.file(server, **FILED)
    alert: str = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"][0]["id"]
    await deployment.sent(server, alert)
    texts = {locale: {"title": f"{NAME} is missing", "body": f"In {LOOKS}"} for locale in ("zh-CN", "en", "es")}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": texts}))[0] == 200
    wider = {"radius_km": 150, "reason": f"seen near {PLACE}", "case_number": CASE["case_number"]}

    async def is_wider() -> bool:
        # On a busy machine the audience is not counted in time, and the answer says to ask again.
        status, answer = await deployment.post(f"{server.url}/v1/alerts/{alert}/rings", wider)
        assert status in {200, 503}, answer
        return status == 200

    await until(is_wider)
    await deployment.sent(server, alert)
    await _tell_place(deployment, server, SEEN_LATER[0])
    await deployment.place([NEWCOMER], CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])

    async def came_late() -> bool:
        return NEWCOMER in await deployment.reached()

    await until(came_late)
    assert await deployment.query("select 1 from silently_notified"), "it is night"
    known: dict[str, Any] = {
        "companions": [{"looks": OTHER_COMPANION}],
        "vehicle": {"plate": OTHER_PLATE},
        "internal": {"custody": CUSTODY},
    }
    photos = [{"url": SUSPECT, "of": "companion"}]
    assert (await send_update(deployment, server, reason=WHY["reason"], photos=photos, **known))[0] == 200
    # A proposed text waits for approval when the child is found.
    await deployment.query("update alert set review = 'approve'")
    other = {
        locale: {"title": f"{NAME} was seen", "body": f"Call {OFFICER}, {PHONE}"} for locale in ("zh-CN", "en", "es")
    }
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/update", WHY | {"texts": other}))[0] == 200
    assert f"Call {OFFICER}" in (await deployment.query("select change_request::text from proposal"))[0][0]
    # What the authority signed takes its place.
    await _tell_place(deployment, server, SEEN_LATER[1])
    child = {"name": f"{NAME}儿", "clothing": LOOKS}
    assert (await send_update(deployment, server, reason=WHY["reason"], child=child))[0] == 200
    assert f"{NAME}儿" in (await deployment.query("select change_request::text from proposal"))[0][0]
    return alert


async def _tell_place(deployment: Deployment, server: Process, where: tuple[float, float]) -> None:
    """Say, signed by the police, where the child was seen later."""
    seen = {"at": CASE["last_seen"]["at"], "longitude": where[0], "latitude": where[1], "place": LATER_PLACE}
    told = {"case_number": CASE["case_number"], "reason": f"{NAME} at {LATER_PLACE}", "place": seen}
    body = msgspec.json.encode(told)
    async with (
        deployment.session() as session,
        session.post(
            f"{server.url}/v1/intake/sz/places", data=body, headers=signed_headers(deployment.secret, body)
        ) as response,
    ):
        assert response.status == 200


async def _listen(deployment: Deployment, server: Process, heard: list[str]) -> None:
    """Record all messages of the feed until the server ends."""
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        async for message in feed:
            heard += [message.data]


async def test_nothing_that_is_kept_names_the_child_or_says_who_was_notified(
    deployment: Deployment, pool: Pool
) -> None:
    """After a whole life and both timers, a search that found them before finds nothing in tables, keys, log and feed.

    Positions and devices in the index are kept for their own purpose, and expire by themselves.
    """
    await deployment.provider()
    users = {str(user) for user in await deployment.people(2000)} | {str(NEWCOMER)}
    server = await deployment.server(**SHORT, **LATE, **at_night())
    heard: list[str] = []
    listener = asyncio.create_task(_listen(deployment, server, heard))
    alert = await _whole_life(deployment, server)

    async def said(state: str) -> bool:
        return state in {msgspec.json.decode(one).get("state") for one in heard}

    # The feed has the state of each look: one that is over before the next is not said.
    await until(lambda: said("sent"))
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY | ENDED))[0] == 200
    await until(lambda: said("found"))

    async def notified() -> bool:
        query = "select 1 from sweep s join sweep_unit u on u.sweep_id = s.id where s.notice = 'found' and not u.done"
        return not await deployment.query(query)

    await until(notified)
    before = await _record(deployment.database_url)
    assert all(word in before for word in KNOWN_AFTER), "the search works"
    plain = {NAME, PHONE, LOOKS, PLACE, OFFICER, PHOTO, OWN_FOUND, *LATER} - {CUSTODY}
    assert set(_names(before)) >= plain, "the search works"
    assert CUSTODY not in before, "it is sealed"
    assert _users(before, users) == users

    await deployment.pass_time(1.1)
    await until(lambda: _is(deployment, alert, "closed"))
    after = await _record(deployment.database_url)
    assert not _names(after)
    assert not [word for word in KNOWN_AFTER if word in after], "how the child was found goes as well"
    assert ENDED["outcome"] in after, "the word stays"
    assert _users(await _record(deployment.database_url), users) == users, "recipients have a timer of their own"
    trail = await push.alerts.record.audit.verify(pool)
    assert trail.fault is None, "texts are gone, actions are not"
    shown = (await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]
    assert shown["child_deleted_at"] is not None
    assert shown["recipients_deleted_at"] is None

    await deployment.pass_time(720)

    async def forgotten() -> bool:
        return not await deployment.query("select 1 from alert where recipients_deleted_at is null")

    await until(forgotten)
    # A process that lost its connection during a send commits its outcomes only now.
    late = """insert into ledger (alert_id, notice, shard_from, shard_to, batch_id, outcome, lane, unit_id, recipients,
                                  packed) values ($1, 'found', 0, 16, 1, 'accepted', 'tpns', 1, 1, $2)"""
    await deployment.query(late, alert, pack(np.array([NEWCOMER], dtype=np.int64)))

    async def nothing_left() -> bool:
        return not await deployment.query(
            "select alert_id from ledger union all select alert_id from silently_notified"
        )

    await until(nothing_left)
    record, now, edge = (
        await _record(deployment.database_url),
        await _redis(deployment.redis_url),
        await _answers(deployment, server, alert),
    )

    await until(lambda: said("closed"))
    server.end()
    await listener
    log, feed = deployment.log.read_text(encoding="utf-8"), "\n".join(heard)
    for kept in (record, now, edge, log, feed):
        assert not _names(kept)
        assert not _users(kept, users)
        assert not users.intersection(re.findall(r"(?<![\w.])\d{8,}(?![\w.])", kept)), "whole numbers that are user ids"
    assert "alert.deleted" in log
    lanes = msgspec.json.decode(edge.splitlines()[1].encode())["alert"]["lanes"]
    assert lanes["tpns"]["accepted"] >= len(users), "counts stay"


async def test_a_cancelled_alert_keeps_the_childs_data_for_longer_than_one_that_is_found(
    deployment: Deployment,
) -> None:
    """Deleted an hour after found, a day after any other end; a retry of the first webhook is still answered."""
    server = await deployment.server(**SHORT)
    body = msgspec.json.encode({**CASE, **FILED})
    headers = signed_headers(deployment.secret, body)
    async with deployment.session() as session:
        async with session.post(f"{server.url}/v1/intake/sz", data=body, headers=headers) as response:
            alert = (await response.json())["alert"]["id"]
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/cancel", WHY))[0] == 200
        await deployment.pass_time(2)
        await deployment.file(server, case_number="SZ-2")
        assert NAME in await _record(deployment.database_url)
        await deployment.pass_time(23)
        await until(lambda: _is(deployment, alert, "closed"))
        assert NAME not in await _record(deployment.database_url)
        async with session.post(f"{server.url}/v1/intake/sz", data=body, headers=headers) as response:
            assert response.status == 202
            assert NAME not in await response.text()
        # Whoever reads the record cannot test a guess by hashing it; the server still knows another body from this one.
        digests = await deployment.query("select body_digest from webhook_receipt")
        assert hashlib.sha256(body).digest() not in {row[0] for row in digests}
        other = msgspec.json.encode({**CASE, **FILED, "case_number": "SZ-3"})
        reused = signed_headers(deployment.secret, other, webhook_id=headers["webhook-id"])
        async with session.post(f"{server.url}/v1/intake/sz", data=other, headers=reused) as response:
            assert response.status == 409


async def _is(deployment: Deployment, alert: str, state: str) -> bool:
    rows: list[Any] = await deployment.query("select state from alert where id = $1", alert)
    return bool(rows[0][0] == state)


def test_the_search_finds_packed_users() -> None:
    """Packed recipients in a row of the ledger are decoded by the search."""
    packed = pack(np.array([12_345_678, 23_456_789], dtype=np.int64))
    assert _users("\n".join(_printed(packed)), {"23456789"}) == {"23456789"}


async def test_found_long_after_the_expiry_is_sent_before_the_childs_data_is_deleted(
    deployment: Deployment, pool: Pool
) -> None:
    """The hour begins with the last notice, not with the expiry; while a notice is being sent, the time is doubled."""
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server(QQ_ALERT_RETENTION__LOOK_S="3600")
    await deployment.file(server)
    alert = (await deployment.get(f"{server.url}/v1/alerts"))["alerts"][0]["id"]
    await deployment.sent(server, alert)
    await deployment.pass_time(100)
    await until(lambda: _is(deployment, alert, "expired"))
    await deployment.pass_time(20)
    await deployment.switch_outage(on=True)
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", WHY))[0] == 200

    async def is_due() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            return await sql.deletion.child_due(connection, timedelta(hours=1), timedelta(hours=24)) is not None

    assert not await is_due()
    await deployment.pass_time(1.1)
    assert not await is_due(), "nobody is notified yet"
    await deployment.pass_time(1)
    assert await is_due(), "the deletion does not wait for ever"
