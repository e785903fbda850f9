"""A case that ended by mistake and goes on: filed again, reopened by the police or an operator, each person once."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_notice, signed_headers
from tests.support.life.officers import NUMBER, Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until


async def _officers(deployment: Deployment, people: int = 2000) -> tuple[Officers, int]:
    await deployment.provider()
    inside = await deployment.people(people)
    return Officers(deployment, await deployment.server()), inside.size


async def _sent(deployment: Deployment, officers: Officers) -> str:
    _, answer = await deployment.file(officers.server)
    alert: str = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    return alert


async def _notice(
    deployment: Deployment, officers: Officers, webhook_id: str | None = None, **notice: object
) -> tuple[int, Any]:
    body = msgspec.json.encode({"case_number": NUMBER, "reason": "because of a test"} | notice)
    url = f"{officers.server.url}/v1/intake/sz/notices"
    headers = signed_headers(deployment.secret, body, webhook_id=webhook_id)
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize("how", ["cancel", "found", "expiry"])
async def test_a_case_that_is_over_and_filed_again_is_refused(deployment: Deployment, how: str) -> None:
    """With the same content or another: 409 names the reopening; a retry of the first webhook gets its first answer."""
    officers, _ = await _officers(deployment, 200)
    body = msgspec.json.encode(CASE)
    url = f"{officers.server.url}/v1/intake/sz"

    async def first() -> tuple[int, Any]:
        headers = signed_headers(deployment.secret, body, webhook_id="msg_first")
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    status, answer = await first()
    assert status == 202
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    if how == "expiry":
        await deployment.query("update alert set state = 'expired', ended_at = now() where id = $1", alert)
    else:
        assert (await officers.act(alert, how))[0] == 200
    for changes in ({}, {"contact": {"name": "other", "phone": "110"}}):
        status, problem = await deployment.file(officers.server, **changes)
        assert (status, problem["code"], problem["possible"]) == (409, "case_over", ["reopen"])
    assert await first() == (202, answer), "a retry"
    await deployment.query("update alert set state = 'closed' where id = $1", alert)
    status, problem = await deployment.file(officers.server)
    assert (status, problem["code"], problem["possible"]) == (409, "case_over", [])
    assert (await officers.act(alert, "reopen"))[0] == 409
    assert (await _notice(deployment, officers, notice="reopen"))[0] == 409


@pytest.mark.parametrize("end", ["cancel", "found"])
async def test_after_a_reopening_each_person_is_told_once_that_the_search_goes_on(
    deployment: Deployment, end: str
) -> None:
    """Nobody gets the alert again; who got the end gets one update; another end reaches everybody again, once."""
    officers, inside = await _officers(deployment)
    alert = await _sent(deployment, officers)
    before = (await officers.act(alert, end))[1]["alert"]
    await officers.wait_until_notified(end, alert, inside)
    status, answer = await _notice(deployment, officers, notice="reopen")
    assert (status, answer["alert"]["id"], answer["alert"]["state"]) == (200, alert, "sending")
    assert answer["alert"]["expires"] > before["expires"]
    assert answer["alert"]["deadline"] > before["deadline"]
    await officers.wait_until_notified("update", alert, inside)
    await deployment.sent(officers.server, alert)
    assert await officers.recipients("alert", alert) == inside
    assert (await deployment.counts())["accepted"] == 3 * inside
    [(content,)] = await deployment.query("select content ->> 'goes_on' from alert where id = $1", alert)
    assert "仍在寻找" in content
    assert (await officers.act(alert, end))[0] == 200
    await officers.wait_until_notified(end, alert, 2 * inside)
    assert (await deployment.counts())["accepted"] == 4 * inside
    assert (await deployment.command("audit", "verify", "--json"))["events"] > 5


async def test_a_late_retry_of_a_notice_does_not_undo_what_came_after_it(deployment: Deployment) -> None:
    """The same webhook-id is done once; for another body it is refused."""
    officers, _ = await _officers(deployment, 200)
    alert = await _sent(deployment, officers)
    assert (await _notice(deployment, officers, "msg_a", notice="cancel"))[1]["alert"]["state"] == "cancelled"
    assert (await _notice(deployment, officers, "msg_b", notice="reopen"))[0] == 200
    assert (await _notice(deployment, officers, "msg_c", notice="reopen"))[0] == 200, "it goes on already"
    status, answer = await _notice(deployment, officers, "msg_a", notice="cancel")
    assert (status, answer["alert"]["state"] in {"sending", "sent"}) == (200, True)
    status, problem = await _notice(deployment, officers, "msg_a", notice="found")
    assert (status, problem["code"]) == (409, "webhook_id_reused")
    assert await officers.state(alert) in {"sending", "sent"}


async def test_a_reopening_is_reviewed_by_the_policy_of_now_and_not_approved_by_who_asked_for_it(
    deployment: Deployment,
) -> None:
    """Earlier approvals count no longer; cancelled in that review, who was notified hears of it, and only once."""
    officers, inside = await _officers(deployment)
    await officers.person("Li", Role.APPROVER)
    await officers.person("Wang", Role.APPROVER)
    await officers.review(Review.APPROVE)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    await deployment.query("update alert set state = 'expired', ended_at = now() where id = $1", alert)
    assert (await officers.act(alert, "reopen", by="Li", case_number="no"))[0] == 422
    status, answer = await officers.act(alert, "reopen", by="Li")
    assert (status, answer["alert"]["state"], answer["alert"]["review"]["approvals"]) == (200, "in_review", [])
    assert (await officers.act(alert, "approval", by="Li"))[0] == 403
    assert (await officers.act(alert, "approval", by="Wang"))[1]["alert"]["state"] == "sending"
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "cancel"))[0] == 200
    await officers.wait_until_notified("cancel", alert, inside)
    assert (await officers.act(alert, "reopen"))[1]["alert"]["state"] == "in_review"
    assert (await officers.act(alert, "cancel"))[1]["alert"]["state"] == "cancelled"
    units = (
        "select count(*) from sweep s join sweep_unit u on u.sweep_id = s.id where not u.done and s.notice = 'cancel'"
    )

    async def through() -> bool:
        return bool((await deployment.query(units))[0][0] == 0)

    await until(through)
    assert await officers.recipients("cancel", alert) == inside, "they know already"
    assert await officers.recipients("update", alert) == 0


async def test_who_comes_into_the_area_of_a_reopened_alert_is_notified(deployment: Deployment) -> None:
    """While it was over nobody was noted; afterwards late entrants are notified as ever."""
    officers, inside = await _officers(deployment)
    alert = await _sent(deployment, officers)
    assert (await officers.act(alert, "cancel"))[0] == 200
    await officers.wait_until_notified("cancel", alert, inside)
    seen = CASE["last_seen"]
    await deployment.place([1, 2, 3], seen["longitude"], seen["latitude"])
    assert (await officers.act(alert, "reopen"))[0] == 200
    await officers.wait_until_notified("update", alert, inside)
    await deployment.query("update alert set next_sweep_at = now() where id = $1 and state = 'sent'", alert)
    await officers.wait_until_notified("alert", alert, inside + 3)


async def test_an_unknown_case_is_not_reopened(deployment: Deployment) -> None:
    """Nor with a bad signature: the answers are those of every notice."""
    officers, _ = await _officers(deployment, 200)
    assert (await _notice(deployment, officers, notice="reopen"))[0] == 404
    body = msgspec.json.encode({"case_number": NUMBER, "reason": "r", "notice": "reopen"})
    assert (await send_notice(officers.server.url, "sz", "whsec_" + "A" * 32, body))[0] == 401
