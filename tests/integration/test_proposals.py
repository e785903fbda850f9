"""Proposals: where cases need approval before they are sent, so do later changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from handlers.cap.model import MessageType
from handlers.http.roles import Role
from push.alerts.review import Review
from tests.support.cap.messages import info, message, pin, post, signer
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE, Deployment
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import Sequence


def _texts(body: str) -> dict[str, dict[str, str]]:
    return {locale: {"title": "Missing", "body": body} for locale in ("zh-CN", "en")}


async def _sent(deployment: Deployment, policy: Review, people: Sequence[str]) -> tuple[Officers, str, int]:
    """Return officers with an alert that one of them approved, and the number of its recipients."""
    await deployment.provider()
    inside = await deployment.people(2000)
    officers = Officers(deployment, await deployment.server())
    await officers.review(policy)
    for name in people:
        await officers.person(name, Role.APPROVER)
    await officers.person("Chen", Role.OPERATOR)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    for name in people[: 2 if policy is Review.TWO_PERSON else 1]:
        assert (await officers.act(alert, "approval", by=name))[0] == 200
    await deployment.sent(officers.server, alert)
    return officers, alert, inside.size


async def _proposal(officers: Officers, alert: str) -> dict[str, Any] | None:
    proposal: dict[str, Any] | None = (await officers.review_of(alert))["proposal"]
    return proposal


async def test_an_update_after_the_send_reaches_nobody_before_two_others_have_approved_it(
    deployment: Deployment,
) -> None:
    """The proposer may not approve; the preview shows the proposed texts; once approved, everybody gets it once."""
    officers, alert, inside = await _sent(deployment, Review.TWO_PERSON, ["Li", "Wang", "Zhao"])
    assert (await officers.act(alert, "approval", by="Li"))[0] == 409, "nothing is proposed"
    status, answer = await officers.act(alert, "update", by="Zhao", texts=_texts("A child in red"))
    assert (status, answer["alert"]["version"]) == (200, 1)
    assert answer["alert"]["review"]["proposal"]["by"] == "approver Zhao"
    shown = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/preview")
    assert "A child in red" in shown["notices"]["update"]["en"]["tpns"]["body"]
    assert "A child in red" not in shown["notices"]["alert"]["en"]["tpns"]["body"]
    read = shown["alert"]["review"]["revision"]
    assert (await officers.act(alert, "approval", by="Zhao", revision=read))[0] == 403
    assert (await officers.act(alert, "approval", by="Li", revision=read - 1))[0] == 409, "that was the case as filed"
    status, answer = await officers.act(alert, "approval", by="Li", revision=read)
    assert (status, answer["alert"]["version"], answer["alert"]["review"]["approvals"]) == (200, 1, ["li"])
    assert (await officers.act(alert, "approval", by="Li", revision=read))[0] == 409
    assert await deployment.query("select 1 from sweep where notice = 'update'") == []
    status, answer = await officers.act(alert, "approval", by="Wang", revision=read)
    assert (status, answer["alert"]["version"], answer["alert"]["review"]["proposal"]) == (200, 2, None)
    await officers.wait_until_notified("update", alert, inside)
    assert (await officers.act(alert, "approval", by="Wang", revision=read))[0] == 409, "it has taken effect"
    trail = (await deployment.get(f"{officers.server.url}/v1/audit"))["events"]
    done = [one["content"]["event"]["details"] for one in trail if one["content"]["event"]["action"] == "approval"][-1]
    assert done == {"revision": read, "approvals": 2, "needed": 2, "does": "update", "version": 2}


async def test_a_waiting_proposal_cannot_be_replaced(deployment: Deployment) -> None:
    """A veto must drop it first; an approval names the revision; an alarm says what waits, and by whom."""
    officers, alert, inside = await _sent(deployment, Review.APPROVE, ["Li", "Wang"])
    assert (await officers.act(alert, "update", by="Chen", texts=_texts("first")))[0] == 200
    first = (await officers.review_of(alert))["revision"]
    status, problem = await officers.act(alert, "update", by="Wang", texts=_texts("second"))
    assert (status, "veto" in problem["detail"]) == (409, True)

    async def alarms() -> list[tuple[str, str, str]]:
        async with deployment.session() as session, session.ws_connect(f"{officers.server.url}/v1/feed") as feed:
            standing = (await feed.receive_json())["alarms"]
        return [(one["kind"], one["about"], one["detail"]) for one in standing]

    async def waits(change_request: str) -> bool:
        return await alarms() == [("review", f"sz {CASE['case_number']}", f"revision {change_request}")]

    await until(lambda: waits(f"{first} waits for approval (approve): update, by operator Chen"))
    assert (await officers.act(alert, "veto", by="Chen", case_number="another"))[0] == 422
    assert (await officers.act(alert, "veto", by="Chen", case_number=CASE["case_number"]))[0] == 200
    assert (await officers.act(alert, "rings", by="Wang", radius_km=200))[0] == 200
    status, problem = await officers.act(alert, "approval", by="Li", revision=first)
    assert (status, "read it again" in problem["detail"]) == (409, True)
    await until(lambda: waits(f"{first + 1} waits for approval (approve): rings, by approver Wang"))
    possible = (await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))["alert"]["possible"]
    assert {"approval", "veto"} <= set(possible)
    assert {"rings", "extension", "update"}.isdisjoint(possible), "one proposal at a time"
    assert (await officers.act(alert, "veto", by="Chen"))[0] == 200
    possible = (await deployment.get(f"{officers.server.url}/v1/alerts/{alert}"))["alert"]["possible"]
    assert {"approval", "veto", "release"}.isdisjoint(possible), "no proposal waits, and no ring is held"
    assert await _proposal(officers, alert) is None
    assert (await officers.act(alert, "veto", by="Chen"))[0] == 409
    assert (await officers.act(alert, "approval", by="Li"))[0] == 409
    assert (await officers.act(alert, "update", by="Chen", texts=_texts("third")))[0] == 200
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await officers.wait_until_notified("update", alert, inside)
    status, problem = await officers.act(alert, "update", by="Chen", texts=_texts("third"))
    assert (status, "says that already" in problem["detail"]) == (409, True)
    said = (await deployment.query("select content #>> '{texts,en,body}' from alert"))[0][0]
    assert said == "third"


async def test_widening_and_extension_wait_too(deployment: Deployment) -> None:
    """Nobody decides alone on a wider ring or a longer life where cases need approval; found drops what waits."""
    officers, alert, _ = await _sent(deployment, Review.APPROVE, ["Li"])
    rings = "select count(*) from ring"
    (before,) = (await deployment.query(rings))[0]
    assert (await officers.act(alert, "rings", by="Chen", radius_km=200))[0] == 200
    proposal = await _proposal(officers, alert)
    assert proposal is not None
    assert (proposal["action"], proposal["radius_km"], "reason" in proposal) == ("rings", 200, False)
    preview = await deployment.get(f"{officers.server.url}/v1/alerts/{alert}/preview")
    assert preview["reasons"] == {"rings": {}, "proposal": "because of a test"}
    assert proposal["people"] is not None
    assert (await deployment.query(rings))[0] == (before,)
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    assert (await deployment.query(f"{rings} where radius_km = 200 and decided_by = 'operator Chen'"))[0] == (1,)
    (expires,) = (await deployment.query("select expires from alert"))[0]
    assert (await officers.act(alert, "extension", by="Chen", hours=167))[0] == 422, (
        "an impossible change is not proposed"
    )
    assert (await officers.act(alert, "extension", by="Chen", hours=1))[0] == 200
    assert (await deployment.query("select expires from alert"))[0] == (expires,)
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    assert (await deployment.query("select expires - interval '1 hour' from alert"))[0] == (expires,)
    assert (await officers.act(alert, "update", by="Chen", texts=_texts("never said")))[0] == 200
    assert (await officers.act(alert, "found", by="Chen"))[0] == 200
    assert await _proposal(officers, alert) is None
    assert (await officers.act(alert, "approval", by="Li"))[0] == 409


async def test_an_officer_acts_on_the_alerts_of_the_own_authority_and_approves_those_of_others(
    deployment: Deployment,
) -> None:
    """No officer stops or updates an alert of another authority, or approves one of his own."""
    await deployment.provider()
    await deployment.people(200)
    officers = Officers(deployment, await deployment.server())
    await deployment.command("authority", "add", "gz", "--name", "Guangzhou police", "--json")
    await officers.review(Review.APPROVE)
    await officers.person("Own", Role.APPROVER, "sz")
    await officers.person("Other", Role.APPROVER, "gz")
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "update", by="Other", texts=_texts("x")))[0] == 403
    assert (await officers.act(alert, "approval", by="Own"))[0] == 403
    assert (await officers.act(alert, "approval", by="Other"))[0] == 200
    for action in ("pause", "cancel", "found"):
        assert (await officers.act(alert, action, by="Other"))[0] == 403
    assert (await officers.act(alert, "pause", by="Own"))[0] == 200


async def test_a_signed_update_waits_like_the_case_that_it_changes(deployment: Deployment) -> None:
    """The authority's signature counts as one person: where its cases need approval, so do its updates.

    The newest signed update replaces an operator's proposal, and the trail records that.
    """
    await deployment.provider()
    inside = await deployment.people(2000)
    await pin(deployment)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.APPROVE)
    first = message(CASE["case_number"])
    _, answer = await post(officers.server, signer().signed(first))
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval"))[0] == 200
    await deployment.sent(officers.server, alert)
    infos = (info("zh-CN", "小明见于广州"), info("en", "Ming seen in Guangzhou"))
    assert (await officers.act(alert, "extension", by="", hours=1))[0] == 200
    waiting = (await officers.review_of(alert))["revision"]
    status, answer = await post(officers.server, signer().signed(message("2", MessageType.UPDATE, first, infos=infos)))
    assert (status, answer["alert"]["review"]["proposal"]["by"]) == (200, "authority sz")
    trail = (await deployment.get(f"{officers.server.url}/v1/audit"))["events"]
    assert trail[-1]["content"]["event"]["details"] == {"proposed": waiting + 1, "replaced": waiting}
    assert await officers.recipients("update", alert) == 0
    assert (await officers.act(alert, "approval"))[0] == 200
    await officers.wait_until_notified("update", alert, inside.size)


async def test_people_who_came_since_a_widening_was_proposed_count_when_it_is_approved(deployment: Deployment) -> None:
    """The cap is checked by the audience at the approval, not by that at the proposal hours before."""
    await deployment.provider()
    await deployment.people(500)
    officers = Officers(deployment, await deployment.server(QQ_ALERT_ALERT__AUDIENCE_CAP="3000"))
    await officers.review(Review.APPROVE)
    for name in ("Li", "Wang"):
        await officers.person(name, Role.APPROVER)
    _, answer = await deployment.file(officers.server)
    alert = answer["alert"]["id"]
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "rings", by="Wang", radius_km=200))[0] == 200
    seen = CASE["last_seen"]
    await deployment.place(list(range(5_000_001, 5_009_001)), seen["longitude"], seen["latitude"] + 1.35)
    status, problem = await officers.act(alert, "approval", by="Li")
    assert (status, "the cap is 3000" in problem["detail"]) == (422, True)
    assert await deployment.query("select 1 from ring where radius_km = 200") == []


async def test_of_two_simultaneous_proposals_one_waits_and_the_other_is_refused(deployment: Deployment) -> None:
    """The proposal is read once the alert is locked, so neither silently replaces the other."""
    officers, alert, _ = await _sent(deployment, Review.APPROVE, ["Li", "Wang"])
    for _ in range(5):
        answers = await asyncio.gather(
            officers.act(alert, "extension", by="Wang", hours=1),
            officers.act(alert, "extension", by="Chen", hours=2),
            officers.act(alert, "update", by="Chen", texts=_texts("a word")),
        )
        assert sorted(status for status, _ in answers) == [200, 409, 409]
        assert (await officers.act(alert, "veto", by="Chen"))[0] == 200
