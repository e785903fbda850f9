"""Updates of a case by the police: applied once, in whole; what is not applied is said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handlers.http.roles import Role
from push.alerts.review import Review
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.updates import send_bytes, send_update, update_of

if TYPE_CHECKING:
    from tests.support.processes.processes import Process

CHILD, NEWER = "https://police.example/child.jpg", "https://police.example/newer.jpg"
SUSPECT = "https://police.example/suspect.jpg"
FILED: dict[str, Any] = {"child": CASE["child"] | {"photo_url": CHILD}}
PHOTOS = [{"url": SUSPECT, "of": "companion"}, {"url": NEWER, "of": "child"}]
SHOWN = "select content ->> 'photo_url', content #>> '{texts,zh-CN,body}' from alert"
NOTICES = "select notice from notice order by version"


async def _sent(deployment: Deployment, server: Process, **changes: object) -> str:
    """File the case and wait until it is sent; returns the alert."""
    _, answer = await deployment.file(server, **(FILED | changes))
    alert: str = answer["alert"]["id"]
    await deployment.sent(server, alert)
    return alert


async def _details(deployment: Deployment, server: Process, action: str) -> list[dict[str, Any]]:
    trail = (await deployment.get(f"{server.url}/v1/audit"))["events"]
    events = [one["content"]["event"] for one in trail]
    return [one["details"] for one in events if one["action"] == action]


async def test_an_update_changes_case_texts_photo_and_end_and_is_sent_once(deployment: Deployment) -> None:
    """Those who were notified get one notice with the new picture and text; the case filed whole again stands.

    The companion's picture is not shown, and the notes say so. The trail has the parts, and no value.
    """
    await deployment.provider()
    inside = await deployment.people(1000)
    server = await deployment.server()
    officers = Officers(deployment, server)
    alert = await _sent(deployment, server)
    ends = (datetime.now(UTC) + timedelta(hours=100)).replace(microsecond=0)
    child = {"clothing": "红色外套"}
    given: dict[str, Any] = {"child": child, "photos": PHOTOS, "guidance": "切勿靠近", "expires": ends.isoformat()}
    status, answer = await send_update(deployment, server, **given, last_seen={"longitude": 113.0})
    assert (status, answer["alert"]["version"]) == (200, 2)
    assert datetime.fromisoformat(answer["alert"]["expires"]) == ends
    assert [note.partition(":")[0] for note in answer["notes"]] == ["$.last_seen.longitude", "$.photos[0]"]
    photo, body = (await deployment.query(SHOWN))[0]
    assert (photo, "红色外套" in body) == (NEWER, True)
    await officers.wait_until_notified("update", alert, inside.size)
    details = await _details(deployment, server, "update")
    assert [one["parts"] for one in details] == [["missing", "photo", "guidance", "expires"]]
    assert not any(word in str(details) for word in ("红色外套", NEWER, "切勿靠近"))
    whole = FILED["child"] | child
    changed = {"child": whole, "photos": PHOTOS, "guidance": "切勿靠近"}
    assert (await deployment.file(server, **changed))[0] == 200, "the updated case is the case that stands"
    status, problem = await deployment.file(server, **FILED)
    assert (status, problem["code"]) == (409, "case_conflict")
    status, problem = await send_update(deployment, server, **given)
    assert (status, problem["code"], "$.guidance" in problem["detail"]) == (409, "nothing_new", True)
    assert await deployment.query(NOTICES) == [("alert",), ("update",)]
    assert "红色外套" not in deployment.log.read_text(encoding="utf-8")


async def test_an_update_is_taken_once_whatever_server_it_is_sent_to(deployment: Deployment) -> None:
    """The same webhook-id: the first answer byte for byte, also later; another body under it: 409. Others are 401."""
    await deployment.provider()
    await deployment.people(200)
    first, second = await deployment.server(), await deployment.server()
    await _sent(deployment, first)
    body = update_of(guidance="切勿靠近")
    answers = [await send_bytes(deployment, server, body, "msg_1") for server in (first, second)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert (await send_update(deployment, second, "msg_2", guidance="只拨打110"))[0] == 200
    assert await send_bytes(deployment, first, body, "msg_1") == answers[0], "a retry undoes nothing"
    assert (await deployment.query("select content ->> 'guidance' from child_case"))[0][0] == "只拨打110"
    status, problem = await send_update(deployment, second, "msg_1", guidance="别的")
    assert (status, problem["code"]) == (409, "webhook_id_reused")
    status, problem = await send_update(deployment, second, case_number="SZ-none", guidance="别的")
    assert (status, problem["code"]) == (404, "unknown_case")
    status, problem = await send_update(deployment, second, guidance=7, child={"age": 40})
    assert (status, {one["path"] for one in problem["errors"]}) == (422, {"$.guidance", "$.child.age"})
    status, problem = await send_update(deployment, second, status="test", guidance="别的")
    assert (status, problem["code"]) == (422, "wrong_status")
    deployment.secret = f"{deployment.secret[:-8]}AAAAAAA="
    assert (await send_update(deployment, second, guidance="别的"))[0] == 401


async def test_the_end_of_an_alert_moves_both_ways_within_its_bounds(deployment: Deployment) -> None:
    """Earlier is applied; beyond the longest life it is cut, and said; the past ends nothing, and is said."""
    await deployment.provider()
    await deployment.people(200)
    server = await deployment.server()
    alert = await _sent(deployment, server)
    received = datetime.fromisoformat((await deployment.get(f"{server.url}/v1/alerts/{alert}"))["alert"]["received_at"])

    async def moved(hours: float) -> tuple[int, float | None, list[str]]:
        status, answer = await send_update(deployment, server, expires=(received + timedelta(hours=hours)).isoformat())
        if status != 200:
            return status, None, [answer["detail"]]
        ends = datetime.fromisoformat(answer["alert"]["expires"])
        return status, (ends - received) / timedelta(hours=1), answer["notes"]

    assert await moved(20) == (200, 20, [])
    status, hours, notes = await moved(10_000)
    assert (status, hours, len(notes)) == (200, 168, 1)
    assert notes[0].startswith("$.expires: an alert ends at the latest at ")
    status, _, notes = await moved(-1)
    assert (status, "$.expires: not applied: it is past" in notes[0]) == (409, True)
    assert await deployment.query(NOTICES) == [("alert",)], "phones show no end: nobody is notified of another"


async def test_an_update_waits_for_approval_as_a_whole(deployment: Deployment) -> None:
    """Nothing is changed before; a second update builds on the first; a veto drops all of it, an approval applies all.

    The approver sees texts and picture as they would be.
    """
    await deployment.provider()
    inside = await deployment.people(500)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    await officers.person("Li", Role.APPROVER)
    _, answer = await deployment.file(officers.server, **FILED)
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    before = await deployment.query("select content, content_digest from child_case")
    shown = await deployment.query(SHOWN)

    async def proposed() -> dict[str, Any]:
        status, answer = await send_update(deployment, officers.server, photos=PHOTOS)
        assert (status, answer["alert"]["version"]) == (200, 1)
        assert any("waits for approval" in note for note in answer["notes"])
        status, answer = await send_update(deployment, officers.server, child={"clothing": "红色外套"})
        assert status == 200
        assert not any("dropped" in note for note in answer["notes"])
        proposal: dict[str, Any] = answer["alert"]["review"]["proposal"]
        return proposal

    assert (await proposed())["parts"] == ["missing", "photo"]
    assert await deployment.query("select content, content_digest from child_case") == before
    preview = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/preview")
    assert (preview["photos"]["alert"], preview["photos"]["update"]) == (CHILD, NEWER)
    assert "红色外套" in preview["notices"]["update"]["zh-CN"]["tpns"]["body"]
    assert "红色外套" not in str(await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))
    assert (await officers.act(alert, "veto"))[0] == 200
    assert (
        await deployment.query("select content, content_digest from child_case"),
        await deployment.query(SHOWN),
    ) == (
        before,
        shown,
    )
    await proposed()
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    [(photo, body)] = await deployment.query(SHOWN)
    assert (photo, "红色外套" in body) == (NEWER, True)
    await officers.wait_until_notified("update", alert, inside.size)
    assert (await _details(deployment, officers.server, "approval"))[-1]["parts"] == ["missing", "photo"]
    whole = {"child": FILED["child"] | {"clothing": "红色外套"}, "photos": PHOTOS}
    assert (await deployment.file(officers.server, **whole))[0] == 200


async def test_before_anybody_is_notified_an_update_needs_the_approval_anew(deployment: Deployment) -> None:
    """An approval names the case that was read; what phones show is the updated case, and nobody gets an update."""
    await deployment.provider()
    await deployment.people(200)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    await officers.person("Li", Role.APPROVER)
    _, answer = await deployment.file(officers.server, **FILED)
    alert, read = answer["alert"]["id"], answer["alert"]["review"]["revision"]
    assert (await send_update(deployment, officers.server, internal={"notes": "抚养权争议"}))[0] == 200
    assert (await officers.act(alert, "approval", by="Li", revision=read))[0] == 409
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    assert await deployment.query(NOTICES) == [("alert",)]
    assert (await send_update(deployment, officers.server, guidance="切勿靠近"))[0] == 200
    assert (await officers.act(alert, "found"))[0] == 200
    status, problem = await send_update(deployment, officers.server, guidance="只拨打110")
    assert (status, problem["code"]) == (409, "not_possible")


async def test_simultaneous_updates_lose_none_of_each_other(deployment: Deployment) -> None:
    """Two servers take three updates of different fields at once: the case has all of them at the end."""
    await deployment.provider()
    await deployment.people(200)
    servers = [await deployment.server(), await deployment.server()]
    await _sent(deployment, servers[0])
    given: list[dict[str, Any]] = [{"guidance": "切勿靠近"}, {"vehicle": {"plate": "粤B12345"}}, {"issuer": "深圳警方"}]

    sent = [
        send_update(deployment, servers[number % 2], f"msg_{number}", **fields) for number, fields in enumerate(given)
    ]
    assert [status for status, _ in await asyncio.gather(*sent)] == [200] * len(given)
    whole: dict[str, Any] = {name: value for fields in given for name, value in fields.items()}
    assert (await deployment.file(servers[0], **FILED, **whole))[0] == 200


async def test_one_webhook_id_changes_one_case_however_many_come_at_once(deployment: Deployment) -> None:
    """Updates of two cases under one id at the same moment: one is applied, the other is told that the id was used."""
    await deployment.provider()
    await deployment.people(200)
    servers = [await deployment.server(), await deployment.server()]
    numbers = ("SZ-A", "SZ-B")
    for number in numbers:
        assert (await deployment.file(servers[0], case_number=number))[0] == 202
    sent = [
        send_update(deployment, server, "msg_1", case_number=number, guidance="切勿靠近")
        for server, number in zip(servers, numbers, strict=True)
    ]
    answers = await asyncio.gather(*sent)
    assert sorted(status for status, _ in answers) == [200, 409]
    assert [answer["code"] for status, answer in answers if status == 409] == ["webhook_id_reused"]
    assert len(await deployment.query("select 1 from child_case where content ? 'guidance'")) == 1
