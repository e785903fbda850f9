"""The life of an alert over HTTP: review before any send, stops, follow-up notices, and impossible actions."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.file_case import send_notice
from tests.support.life.officers import NUMBER, Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until
from tests.support.providers.notified import recording_tpns

GATED: Final = {
    "QQ_ALERT_LANES__TPNS__TIMEOUT_S": "120",
    "QQ_ALERT_LANES__TPNS__WORKERS": "1",
    "QQ_ALERT_LEASE_S": "30",
}
"""One request at a time, for as long as a test holds it."""


async def _officers(deployment: Deployment, people: int = 2000) -> tuple[Officers, int]:
    await deployment.provider()
    inside = await deployment.people(people)
    return Officers(deployment, await deployment.server()), inside.size


async def test_nobody_is_notified_before_two_people_approve_who_are_not_its_authors(deployment: Deployment) -> None:
    """Neither an officer of the authority, nor an author, nor one person twice; the 30 minutes run meanwhile."""
    officers, inside = await _officers(deployment)
    await officers.review(Review.TWO_PERSON)
    for name in ("Li", "Wang", "Zhao"):
        await officers.person(name, Role.APPROVER)
    await officers.person("li ", Role.APPROVER)
    await officers.person("Officer", Role.APPROVER, "sz")
    await officers.person("Chen", Role.OPERATOR)
    status, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    assert (status, answer["alert"]["state"]) == (202, "in_review")
    assert (await officers.act(alert, "approval", by="Chen"))[0] == 403
    assert (await officers.act(alert, "approval", by="Officer"))[0] == 403
    assert (await officers.act(alert, "approval", by="Li", case_number="SZ-2026-000124"))[0] == 422
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    assert (await officers.act(alert, "approval", by="li "))[0] == 409
    assert (await officers.act(alert, "approval", by="Wang", revision=2))[0] == 409, "that revision does not exist"
    texts = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}
    assert (await officers.act(alert, "update", by="Zhao", texts=texts))[0] == 200
    assert (await officers.act(alert, "approval", by="Zhao"))[0] == 403
    assert (await officers.act(alert, "approval", by="Wang", revision=1))[0] == 409, (
        "the text that was read is not the present one"
    )
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200, "the first approval was of another text"
    assert await officers.state(alert) == "in_review"
    assert await officers.recipients("alert", alert) == 0
    status, answer = await officers.act(alert, "approval", by="Wang")
    assert (status, answer["alert"]["review"]["approvals"]) == (200, ["li", "wang"])
    await deployment.sent(officers.server, alert)
    assert await officers.recipients("alert", alert) == inside
    assert (await deployment.command("audit", "verify", "--json"))["events"] > 5


async def test_a_case_in_its_grace_is_sent_by_itself_unless_it_is_vetoed(deployment: Deployment) -> None:
    """Vetoed, it waits for an approval; otherwise it is sent when the grace has passed."""
    officers, inside = await _officers(deployment)
    await officers.review(Review.GRACE, 600)
    _, answer = await deployment.file(officers.server)
    held = answer["alert"]["id"]
    assert answer["alert"]["state"] == "scheduled"
    assert (await officers.act(held, "veto"))[1]["alert"]["state"] == "in_review"
    status, problem = await officers.act(held, "veto")
    assert (status, problem["possible"]) == (409, ["approval", "update", "cancel", "found"])
    _, answer = await deployment.file(officers.server, case_number="SZ-2")
    left = answer["alert"]["id"]
    await deployment.query("update alert set send_at = now() where id = $1", left)
    await deployment.sent(officers.server, left)
    assert await officers.recipients("alert", left) == inside
    assert await officers.recipients("alert", held) == 0
    assert (await officers.act(held, "approval"))[0] == 200
    await deployment.sent(officers.server, held)
    assert await officers.recipients("alert", held) == inside


async def test_found_reaches_everybody_notified_and_only_once(deployment: Deployment) -> None:
    """Later arrivals and people never notified get nothing; a second `found` is refused, with the reason."""
    officers, inside = await _officers(deployment)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    await deployment.place([1, 2, 3], CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])
    status, answer = await officers.act(alert, "found", through_alert=True)
    assert (status, answer["alert"]["state"], answer["alert"]["through_alert"]) == (200, "found", True)
    await officers.wait_until_notified("found", alert, inside)
    assert (await deployment.counts())["accepted"] == 2 * inside
    status, problem = await officers.act(alert, "cancel")
    assert (status, problem["possible"]) == (409, ["found", "reopen"])
    assert (await officers.act(alert, "found", through_alert=True))[0] == 409, "it was recorded before"
    status, answer = await officers.act(alert, "found", through_alert=False)
    assert (status, answer["alert"]["through_alert"]) == (200, False), "a later correction"

    async def shown() -> bool:
        notices = (await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))["alert"]["notices"]
        return [(one["notice"], one["lanes"]["tpns"]["accepted"]) for one in notices] == [("found", inside)]

    await until(shown)


async def test_an_update_goes_to_everybody_notified_and_is_the_first_text_of_all_others(deployment: Deployment) -> None:
    """In every language or not at all; a second update is a new text, and reaches everybody again."""
    officers, inside = await _officers(deployment)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    text = {"title": "Missing", "body": "A child in red"}
    assert (await officers.act(alert, "update", texts={"en": text}))[0] == 422
    assert (await officers.act(alert, "update", texts={"en": text, "zh-CN": text}))[0] == 200
    await officers.wait_until_notified("update", alert, inside)
    assert (await officers.act(alert, "update", texts={"en": text, "zh-CN": text | {"body": "2"}}))[0] == 200
    await officers.wait_until_notified("update", alert, 2 * inside)
    assert await officers.recipients("alert", alert) == inside
    assert (await officers.act(alert, "cancel"))[1]["alert"]["state"] == "cancelled"
    await officers.wait_until_notified("cancel", alert, inside)


async def test_a_paused_alert_notifies_nobody_until_it_is_resumed(deployment: Deployment) -> None:
    """Paused in the middle: the rest is notified once after the resume, and nobody twice."""
    async with recording_tpns(deployment) as tpns:
        inside = await deployment.people(20_000)
        officers = Officers(deployment, await deployment.server(**GATED))
        tpns.gate.close_after(1)
        _, answer = await deployment.file(officers.server)
        alert = answer["alert"]["id"]

        async def begun() -> bool:
            return await officers.recipients("alert", alert) > 0

        await until(begun)
        await tpns.gate.holds(1)
        assert (await officers.act(alert, "pause"))[1]["alert"]["state"] == "paused"
        tpns.gate.open()

        async def at_rest() -> bool:
            return not (await deployment.query("select 1 from sweep_unit where not done and lease_until > now()"))

        await until(at_rest)
        notified = await officers.recipients("alert", alert)
        assert 0 < notified < inside.size
        assert (await deployment.counts())["accepted"] == notified
        assert (await officers.act(alert, "extension", hours=12))[0] == 200
        assert (await officers.act(alert, "extension", hours=167))[0] == 422
        assert (await officers.act(alert, "resume"))[1]["alert"]["state"] == "sending"
        await deployment.sent(officers.server, alert)
        counts = await deployment.counts()
        assert (counts["accepted"], counts["duplicates"]) == (inside.size, 0)


async def test_more_people_than_the_cap_need_the_release_of_another_person(deployment: Deployment) -> None:
    """The held ring is sent when a person who is not its author releases it, up to the released number."""
    await deployment.provider()
    inside = await deployment.people(20_000)
    officers = Officers(deployment, await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="5000"))
    await officers.person("Li", Role.APPROVER)
    await officers.person("Chen", Role.OPERATOR)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "release", by="Chen", people_max=50_000))[0] == 403
    assert (await officers.act(alert, "release", by="Li", people_max=50_000))[0] == 200
    await officers.wait_until_notified("alert", alert, inside.size)
    assert (await officers.act(alert, "release", by="Li", people_max=50_000))[0] == 409


async def test_the_preview_shows_the_texts_on_phones_and_its_readers_are_recorded(deployment: Deployment) -> None:
    """By notice, language and lane, last notices included; an exercise is marked as one."""
    server = await deployment.server()
    officers = Officers(deployment, server)
    await officers.review(Review.APPROVE)
    _, answer = await deployment.file(server, status="exercise")
    alert = answer["alert"]["id"]
    shown = await deployment.get(f"{server.url}/v1/alerts/{alert}/preview")
    assert set(shown["notices"]) == {"alert", "found", "cancel"}
    for notice, languages in shown["notices"].items():
        assert set(languages) == {"zh-CN", "en"}
        for lanes in languages.values():
            assert lanes["tpns"]["title"].startswith("【演习 / EXERCISE】")
            assert lanes["tpns"]["body"].startswith("演习 / EXERCISE")
            assert lanes["tpns"]["silent"] is (notice != "alert")
    assert "小明" in shown["notices"]["alert"]["en"]["tpns"]["title"]
    trail = await deployment.get(f"{server.url}/v1/audit")
    last = trail["events"][-1]["content"]["event"]
    assert (last["actor"], last["action"], last["alert"]) == ("admin test", "read", alert)


async def test_a_review_that_is_about_to_use_up_the_thirty_minutes_raises_an_alarm(deployment: Deployment) -> None:
    """One at once, that a review waits; a second one when little time is left; both end with the review."""
    officers, inside = await _officers(deployment)
    await officers.review(Review.APPROVE)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]

    async def alarms() -> set[str]:
        async with deployment.session() as session, session.ws_connect(f"{officers.server.url}/v1/feed") as feed:
            return {alarm["kind"] for alarm in (await feed.receive_json())["alarms"]}

    async def are(kinds: set[str]) -> bool:
        # On a busy machine the people may not have been counted in time, which is an alarm of its own.
        return await alarms() - {"no_estimate"} == kinds

    await until(lambda: are({"review"}))
    await deployment.pass_time(21 / 60)
    await until(lambda: are({"review", "review_late"}))
    assert (await officers.act(alert, "approval"))[0] == 200
    await deployment.sent(officers.server, alert)
    assert await officers.recipients("alert", alert) == inside
    await until(lambda: are(set()))


async def test_the_police_can_report_that_the_child_is_found(deployment: Deployment) -> None:
    """Signed like a case: everybody notified gets it once; a repeat has no effect; the alert stays ended."""
    officers, inside = await _officers(deployment)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    notice = {
        "case_number": NUMBER,
        "notice": "found",
        "reason": "at home with the grandmother",
        "through_alert": False,
    }
    for wrong, status in (({"case_number": "other"}, 404), ({"notice": "update"}, 422), ({}, 200), ({}, 200)):
        assert (await _police(deployment, officers, notice | wrong))[0] == status
    await officers.wait_until_notified("found", alert, inside)
    _, answer = await deployment.file(officers.server, case_number="SZ-2")
    saying = {"case_number": "SZ-2", "notice": "found", "reason": "小明 is at home"}
    status, ended = await _police(deployment, officers, saying)
    assert (status, ended["alert"]["state"]) == (200, "found"), "no text of a reason keeps an alert going"
    assert (await _police(deployment, officers, notice | {"notice": "cancel"}))[0] == 409
    assert (await _police(deployment, officers, notice, secret="whsec_" + "A" * 43 + "="))[0] == 401
    trail = (await deployment.get(f"{officers.server.url}/v1/audit"))["events"]
    events = [one["content"]["event"] for one in trail if one["content"]["event"]["alert"] == alert]
    found = [event for event in events if event["action"] == "found"]
    assert [(one["actor"], one["details"]["through_alert"]) for one in found] == [("authority sz", False)]


async def _police(
    deployment: Deployment, officers: Officers, notice: dict[str, Any], secret: str = ""
) -> tuple[int, Any]:
    status, answer = await send_notice(
        officers.server.url, "sz", secret or deployment.secret, msgspec.json.encode(notice)
    )
    return status, msgspec.json.decode(answer)


async def test_found_after_a_cancel_is_sent(deployment: Deployment) -> None:
    """The cancel is not the last notice: everybody notified gets `found`, once."""
    officers, inside = await _officers(deployment)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "cancel"))[0] == 200
    await officers.wait_until_notified("cancel", alert, inside)
    status, answer = await officers.act(alert, "found", through_alert=True)
    assert (status, answer["alert"]["state"], answer["alert"]["through_alert"]) == (200, "found", True)
    await officers.wait_until_notified("found", alert, inside)
