"""Repeated CAP messages: drafts before the signed case, many drafts, retries at the same moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np

from handlers.cap.model import MessageType
from handlers.cap.writing import document_of
from push.alerts.drafts import ROOM
from push.alerts.filing import DRAFTS_MAX
from tests.support.cap.messages import FLOOD, info, message, pin, post, signer
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

WAITING = "select count(*) from alert where state = 'in_review' and not verified"
OTHER = (info("zh-CN", "别的"), info("en", "Something else"))


async def test_an_unverified_draft_does_not_block_a_signed_case(deployment: Deployment) -> None:
    """With the same document, another text or a webhook's number: the draft is cancelled, the signed case sent."""
    await deployment.provider()
    inside = await deployment.people(500)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    same = message("SZ-1")
    drafts = [await post(server, document_of(one)) for one in (same, message("SZ-2", infos=OTHER), message("SZ-3"))]
    assert [status for status, _ in drafts] == [202] * 3
    of_drafts = {answer["draft"]["id"] for _, answer in drafts}
    await until(lambda: _alarms_are(deployment, server, of_drafts))
    signed = [
        await post(server, signer().signed(same)),
        await post(server, signer().signed(message("SZ-2"))),
        await deployment.file(server, case_number="SZ-3"),
    ]
    assert [(status, answer["alert"]["state"]) for status, answer in signed] == [(202, "sending")] * 3
    assert [answer["alert"]["case_number"] for _, answer in signed] == ["SZ-1", "SZ-2", "SZ-3"]
    for (_, draft), (_, answer) in zip(drafts, signed, strict=True):
        assert draft["draft"]["id"] != answer["alert"]["id"]
        assert await _state(deployment, draft) == "cancelled"
    assert (await post(server, signer().signed(same)))[1] == signed[0][1], "a retry gets the first answer"
    status, answer = await post(server, document_of(message("SZ-1", infos=OTHER)))
    assert (status, set(answer)) == (202, {"draft", "notes"}), "its sender does not learn which numbers there are"
    assert await _state(deployment, signed[0][1]) in {"sending", "sent"}, "no draft takes a signed case's place"
    assert not await deployment.query("select 1 from alert where id = $1", answer["draft"]["id"]), "it is not kept"
    await deployment.sent(server, signed[0][1]["alert"]["id"])
    np.testing.assert_array_equal(await deployment.reached(), inside)
    await until(lambda: _alarms_are(deployment, server, set()))
    request = {"case_number": f"SZ-1 / {drafts[0][1]['draft']['id']}", "reason": "it looks right", "revision": 1}
    refused = await deployment.post(f"{server.url}/v1/alerts/{drafts[0][1]['draft']['id']}/approval", request)
    assert (refused[0], "a signed case has its number" in refused[1]["detail"]) == (409, True)

    approved = (await post(server, document_of(message("SZ-4"))))[1]
    request = {"case_number": "SZ-4", "reason": "the desk confirmed it by telephone", "revision": 1}
    for token in (deployment.token, await deployment.colleague()):
        assert (await deployment.post(f"{server.url}/v1/alerts/{approved['draft']['id']}/approval", request, token))[
            0
        ] == 200
    assert (await post(server, signer().signed(message("SZ-4", infos=OTHER))))[0] == 409, (
        "a person has decided about it"
    )


async def test_simultaneous_drafts_do_not_exceed_their_bound(deployment: Deployment) -> None:
    """Twice as many as may wait arrive at once."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    crowd = [post(server, document_of(message(f"F-{number}"))) for number in range(2 * DRAFTS_MAX)]
    assert {status for status, _ in await asyncio.gather(*crowd)} == {202}, "the oldest give way"
    assert await deployment.query(WAITING) == [(DRAFTS_MAX,)]


async def test_a_message_takes_effect_once_whatever_its_identifier(deployment: Deployment) -> None:
    """Simultaneous retries of an Update send it once; 110 in an identifier, as in the contact, refuses no Cancel."""
    await deployment.provider()
    await deployment.people(500)
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    first = message("GD-20261101-1")
    answer = (await post(server, signer().signed(first)))[1]
    alert = answer["alert"]["id"]
    await deployment.sent(server, alert)
    forged = message("GD-20261101-8", MessageType.CANCEL, first, infos=())
    unknown = message("GD-20261101-9", MessageType.CANCEL, message("nothing"), infos=())
    answers = [await post(server, document_of(one)) for one in (forged, unknown)]
    assert answers[0] == answers[1], "the answer does not reveal which alerts exist"
    assert answers[0][0] == 422
    await until(lambda: _is_raised(deployment, server, alert))

    update = signer().signed(message("GD-20261101-2", MessageType.UPDATE, first, infos=OTHER))
    assert [status for status, _ in await asyncio.gather(*(post(server, update) for _ in range(4)))] == [200] * 4
    notices = "select notice from notice where alert_id = $1 order by version"
    assert await deployment.query(notices, alert) == [("alert",), ("update",)]
    assert await _alarms(deployment, server) == [alert], "an Update says nothing of a Cancel"
    request = {"case_number": "GD-20261101-1", "reason": "the desk says that it is not theirs"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/pause", request))[0] == 200
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/resume", request))[0] == 200
    await until(lambda: _is_quiet(deployment, server))
    other = message("GD-20261101-7", MessageType.UPDATE, first, infos=OTHER)
    await post(server, document_of(other))
    await until(lambda: _is_raised(deployment, server, alert))
    assert (await post(server, update))[0] == 200, "a retry of what is done already"
    assert await deployment.query("select unverified_messages <> '{}' from alert where id = $1", alert) == [(True,)]
    newer = message("GD-20261101-6", MessageType.UPDATE, first, infos=(info("zh-CN", "新的"), info("en", "New")))
    assert (await post(server, signer().signed(newer)))[0] == 200
    await until(lambda: _is_quiet(deployment, server))
    await post(server, document_of(forged))
    await until(lambda: _is_raised(deployment, server, alert))
    trail = (await deployment.get(f"{server.url}/v1/audit"))["events"]
    noted = [
        one["content"]["event"]["details"] for one in trail if one["content"]["event"]["action"] == "unverified message"
    ]
    assert [one["message"] for one in noted] == ["Cancel", "Update", "Cancel"], "each once, however often it came"
    request = {"case_number": "GD-20261101-1", "reason": "an operator ends it"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", request))[0] == 200
    await until(lambda: _is_quiet(deployment, server))
    await post(server, document_of(forged))
    assert await _is_quiet(deployment, server), "a Cancel of an ended alert has no other effect"

    second = message("GD-20261101-3")
    alert = (await post(server, signer().signed(second)))[1]["alert"]["id"]
    await deployment.sent(server, alert)
    cancel = signer().signed(message("GD-20261101-4", MessageType.CANCEL, second, infos=()))
    answers = await asyncio.gather(*(post(server, cancel) for _ in range(4)))
    assert [(status, answer["alert"]["state"]) for status, answer in answers] == [(200, "cancelled")] * 4


async def _state(deployment: Deployment, answer: dict[str, Any]) -> str:
    alert = (answer.get("alert") or answer["draft"])["id"]
    state: str = (await deployment.query("select state from alert where id = $1", alert))[0][0]
    return state


async def _alarms(deployment: Deployment, server: Process) -> list[str]:
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        alarms = (await feed.receive_json())["alarms"]
    return [alarm["alert"] for alarm in alarms if alarm["kind"] == "unverified_cap"]


async def _alarms_are(deployment: Deployment, server: Process, alerts: set[str]) -> bool:
    """Tell whether exactly these alerts have alarms, of any kind."""
    async with deployment.session() as session, session.ws_connect(f"{server.url}/v1/feed") as feed:
        return {alarm["alert"] for alarm in (await feed.receive_json())["alarms"]} == alerts


async def _is_raised(deployment: Deployment, server: Process, alert: str) -> bool:
    return await _alarms(deployment, server) == [alert]


async def _is_quiet(deployment: Deployment, server: Process) -> bool:
    return not await _alarms(deployment, server)


async def test_a_pause_acknowledges_only_messages_known_then(deployment: Deployment) -> None:
    """A Cancel that arrives while the alert is paused for another reason still needs a decision after the resume."""
    await pin(deployment)
    await pin(deployment, "old")
    server = await deployment.server(**FLOOD)
    first = message("SZ-1")
    alert = (await post(server, signer().signed(first)))[1]["alert"]["id"]
    cancel = message("SZ-9", MessageType.CANCEL, first, infos=())
    url, request = f"{server.url}/v1/alerts/{alert}", {"case_number": "SZ-1", "reason": "a look at the place"}
    for number in range(3):
        await post(server, document_of(message(f"SZ-9{number}", MessageType.CANCEL, first, infos=())))
    assert (await deployment.post(f"{url}/pause", request))[0] == 200
    await post(server, signer("old").signed(cancel))
    assert (await deployment.post(f"{url}/resume", request))[0] == 200
    left = (await deployment.get(url))["alert"]["review"]["unverified_messages"]
    assert left == ["Cancel: its certificate has expired"]
    trail = [one["content"]["event"] for one in (await deployment.get(f"{server.url}/v1/audit"))["events"]]
    assert [one["details"] for one in trail if one["action"] == "resume"] == [
        {"acknowledged": ["Cancel: it is not signed"]}
    ]
    assert len([one for one in trail if one["action"] == "unverified message"]) == 2, "each reason once"


async def test_drafts_that_end_at_once_count_for_an_hour(deployment: Deployment) -> None:
    """The sender decides how long a draft lives; short lives do not evade the bound."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    for number in range(0, ROOM.an_hour, DRAFTS_MAX):
        crowd = [post(server, document_of(message(f"F-{number + one}"))) for one in range(DRAFTS_MAX)]
        assert {status for status, _ in await asyncio.gather(*crowd)} == {202}
    await deployment.query("update alert set expires = now()")

    async def are_over() -> bool:
        return not await deployment.query("select 1 from alert where ended_at is null")

    await until(are_over)
    assert (await post(server, document_of(message("L-1"))))[0] == 202
    assert await deployment.query(WAITING) == [(0,)], "nothing more is kept in this hour"
    assert (await post(server, signer().signed(message("S-1"))))[1]["alert"]["state"] == "sending", "what is signed is"
    await deployment.pass_time(1.1)
    assert (await post(server, document_of(message("L-2"))))[0] == 202
    assert await deployment.query(WAITING) == [(1,)]


async def test_alarms_end_with_their_alert_however_many_others_there_are(deployment: Deployment) -> None:
    """Even though the listing does not hold every ended alert."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    draft = (await post(server, document_of(message("D-1"))))[1]["draft"]["id"]
    await until(lambda: _alarms_are(deployment, server, {draft}))
    await deployment.query(
        """with cases as (
               insert into child_case (authority_id, case_number, content_digest, content, received_at)
               select 'sz', 'old-' || n, '', '{}', now() from generate_series(1, 300) n returning id)
           insert into alert (id, case_id, status, state, received_at, deadline, expires, policy, content, swept_at,
                              review, verified, ended_at, longitude, latitude)
           select gen_random_uuid(), id, 'actual', 'closed', now(), now(), now(), 'qq', '{"texts": {}}', now(),
                  'auto', true, now(), 114, 22 from cases"""
    )
    await deployment.query("update alert set expires = now() where id = $1", draft)
    await until(lambda: _alarms_are(deployment, server, set()))


async def test_digests_of_deleted_messages_test_no_guess_and_still_know_a_retry(deployment: Deployment) -> None:
    """After the child's data is gone no stored digest is that of a message; its retry is answered as before."""
    await pin(deployment)
    server = await deployment.server(**FLOOD, QQ_ALERT_RETENTION__LOOK_S="0.1")
    first = message("GD-20261101-1")
    await post(server, document_of(message("GD-20261101-5")))
    alert = (await post(server, signer().signed(first)))[1]["alert"]["id"]
    cancel = signer().signed(message("GD-20261101-2", MessageType.CANCEL, first, infos=()))
    assert (await post(server, cancel))[0] == 200
    [(draft,)] = await deployment.query("select id from alert where id <> $1", alert)
    request = {"case_number": "GD-20261101-5", "reason": "not theirs"}
    assert (await deployment.post(f"{server.url}/v1/alerts/{draft}/cancel", request))[0] == 200
    kept = "select digest from cap_message union select body_digest from webhook_receipt"
    before = {row[0] for row in await deployment.query(kept)}
    await deployment.pass_time(25)
    await until(lambda: _are_closed(deployment))
    after = {row[0] for row in await deployment.query(kept)}
    assert len(after) == 3
    assert not after & before
    assert await deployment.query("select 1 from webhook_receipt where webhook_id like 'cap-draft:%'") == []
    assert [(await post(server, one))[0] for one in (cancel, signer().signed(first))] == [200, 202]


async def _are_closed(deployment: Deployment) -> bool:
    return await deployment.query("select distinct state from alert") == [("closed",)]
