"""The basis of a case: what is missing or denied holds it for approval, never refuses it, and says why."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from handlers.cap.model import MessageType, Named
from handlers.http.roles import Role
from handlers.police.cap.basis import CONSENT, CRITERIA, basis_of
from handlers.police.case.basis import Basis, Consent, Criteria, held_for
from push.alerts.review import Asked, HeldFor, Review, decide, stricter
from runtime.clock import now
from tests.support.cap.messages import info, message, pin, post, signer
from tests.support.life.officers import Officers

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

WHOLE: Final[dict[str, Any]] = {
    "criteria": {"is_missing": True, "at_risk": True, "describable": True, "custody_dispute": False},
    "consent": {"relation": "mother", "at": "2026-11-23T16:20:00+08:00", "scope": "name and photo"},
}
ALL: Final = [asked.value for asked in Asked]
TEXTS: Final = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}


def test_each_item_holds_where_it_is_denied_and_where_it_is_asked_for_and_open() -> None:
    """What is given counts whether or not it is asked for; what is open counts only where it is."""
    whole = Basis(
        criteria=Criteria(is_missing=True, at_risk=True, describable=True, custody_dispute=False),
        consent=Consent(waived="nobody can be asked"),
    )
    assert held_for(whole, ALL) == ()
    assert held_for(None, []) == ()
    open_words = {word for word in HeldFor if word.value.endswith("_open")}
    assert set(held_for(None, ALL)) == open_words
    assert set(held_for(Basis(consent=Consent(relation="mother")), ALL)) == open_words
    denied = Basis(
        criteria=Criteria(is_missing=False, at_risk=False, describable=False, custody_dispute=True),
        consent=Consent(refused="he does not want it"),
    )
    assert set(held_for(denied, [])) == set(held_for(denied, ALL)) == set(HeldFor) - open_words


@pytest.mark.parametrize("policy", Review)
@pytest.mark.parametrize("word", HeldFor)
def test_a_held_case_is_never_sent_by_itself_and_a_dispute_asks_for_two(policy: Review, word: HeldFor) -> None:
    """Whatever the policy, it waits in review, and for no fewer people than the policy asks for."""
    decision = decide(policy, 60, now(), verified=True, held_for=[word])
    assert decision.state == "in_review"
    least = Review.TWO_PERSON if word is HeldFor.CUSTODY_DISPUTE else Review.APPROVE
    assert decision.review is stricter(policy, least)


def test_what_a_cap_message_says_of_its_basis_counts_and_what_cannot_be_read_is_open() -> None:
    """Parameters name the criteria and the consent; where two texts differ, the answer that holds it counts."""

    def one(*parameters: tuple[str, str]) -> tuple[str, ...]:
        named = tuple(Named(name, value) for name, value in parameters)
        first = msgspec.structs.replace(info("zh-CN", "寻找小明"), parameters=named)
        return held_for(basis_of(message("A", infos=(first,))), ALL)

    criteria = [
        (f"{CRITERIA}{name}", word) for name, word in zip(WHOLE["criteria"], ("true", "Yes", "1", "no"), strict=True)
    ]
    consent = [(f"{CONSENT}{name}", text) for name, text in WHOLE["consent"].items()]
    assert one() == held_for(None, ALL)
    assert one(*criteria, *consent) == ()
    assert one(*criteria, *consent, (f"{CRITERIA}custody_dispute", "true")) == (HeldFor.CUSTODY_DISPUTE,)
    assert one(*consent, *criteria[1:], (f"{CRITERIA}is_missing", "perhaps")) == (HeldFor.IS_MISSING_OPEN,)
    assert one(*criteria, *consent[:1], (f"{CONSENT}at", "yesterday")) == (HeldFor.CONSENT_OPEN,)


async def _case(officers: Officers, number: str, basis: dict[str, Any] | None) -> dict[str, Any]:
    fields = {} if basis is None else {"basis": basis}
    status, answer = await officers.deployment.file(officers.server, case_number=number, **fields)
    assert status == HTTPStatus.ACCEPTED, answer
    alert: dict[str, Any] = answer["alert"]
    return alert


async def test_what_an_authority_is_asked_for_and_does_not_say_holds_its_case(deployment: Deployment) -> None:
    """By default nothing is asked for; the command sets that, and an approval sends what was held."""
    await deployment.provider()
    await deployment.people(200)
    officers = Officers(deployment, await deployment.server())
    await officers.person("Li", Role.APPROVER)
    assert (await _case(officers, "A", None))["state"] == "sending"
    denied = await _case(officers, "B", {"criteria": {"at_risk": False}, "consent": {"refused": "no"}})
    assert denied["state"] == "in_review"
    assert denied["review"]["held_for"] == ["not_at_risk", "consent_refused"]
    await deployment.run("authority", "policy", "sz", "--ask", "consent", "--ask", "is_missing")
    held = await _case(officers, "C", None)
    assert (held["state"], held["review"]["policy"]) == ("in_review", "approve")
    assert held["review"]["held_for"] == ["is_missing_open", "consent_open"]
    assert (await _case(officers, "D", WHOLE))["state"] == "sending"
    status, answer = await officers.act(held["id"], "approval", by="Li", case_number="C")
    assert (status, answer["alert"]["state"]) == (HTTPStatus.OK, "sending")
    preview = await deployment.get(f"{officers.server.url}/v1/alerts/{denied['id']}/preview")
    assert preview["basis"]["criteria"]["at_risk"] is False
    assert preview["alert"]["review"]["held_for"] == denied["review"]["held_for"]
    await deployment.run("authority", "policy", "sz", "--none")
    assert (await _case(officers, "E", None))["state"] == "sending"


async def test_a_custody_dispute_asks_for_two_people_also_for_an_update(deployment: Deployment) -> None:
    """Whatever the policy: one approval is not enough, neither for the alert nor for other words afterwards."""
    await deployment.provider()
    await deployment.people(200)
    officers = Officers(deployment, await deployment.server())
    for name in ("Li", "Wang"):
        await officers.person(name, Role.APPROVER)
    await officers.person("Chen", Role.OPERATOR)
    basis = WHOLE | {"criteria": WHOLE["criteria"] | {"custody_dispute": True}}
    alert = await _case(officers, "A", basis)
    assert (alert["review"]["policy"], alert["review"]["held_for"]) == ("two-person", ["custody_dispute"])
    for name, state in (("Li", "in_review"), ("Wang", "sending")):
        _, answer = await officers.act(alert["id"], "approval", by=name, case_number="A")
        assert answer["alert"]["state"] == state
    await deployment.sent(officers.server, alert["id"])
    assert (await officers.act(alert["id"], "update", by="Chen", case_number="A", texts=TEXTS))[0] == HTTPStatus.OK
    for name, left in (("Li", True), ("Wang", False)):
        assert (await officers.act(alert["id"], "approval", by=name, case_number="A"))[0] == HTTPStatus.OK
        proposal = (await officers.review_of(alert["id"]))["proposal"]
        assert (proposal is not None) is left


async def test_a_cap_case_is_held_for_its_basis_and_an_update_brings_a_dispute(deployment: Deployment) -> None:
    """What is asked for is asked of CAP, too; a dispute that an Update names has it wait for two people."""
    await deployment.provider()
    await deployment.people(200)
    await pin(deployment)
    officers = Officers(deployment, await deployment.server())
    for name in ("Li", "Wang"):
        await officers.person(name, Role.APPROVER)
    first = message("A")
    _, answer = await post(officers.server, signer().signed(first))
    alert = answer["alert"]["id"]
    assert answer["alert"]["state"] == "sending"
    await deployment.sent(officers.server, alert)
    texts = (info("zh-CN", "另一个标题"), info("en", "Another title"))
    dispute = (Named(f"{CRITERIA}custody_dispute", "true"),)
    disputed = (msgspec.structs.replace(texts[0], parameters=(*texts[0].parameters, *dispute)), texts[1])
    _, answer = await post(officers.server, signer().signed(message("B", MessageType.UPDATE, first, infos=disputed)))
    assert answer["alert"]["review"]["policy"] == "two-person"
    assert answer["alert"]["review"]["held_for"] == ["custody_dispute"]
    assert answer["alert"]["version"] == 1, "nobody gets other words before two people approved them"
    for name, version in (("Li", 1), ("Wang", 2)):
        status, answer = await officers.act(alert, "approval", by=name, case_number="A")
        assert (status, answer["alert"]["version"]) == (HTTPStatus.OK, version)
    await deployment.run("authority", "policy", "sz", "--ask", "describable")
    _, answer = await post(officers.server, signer().signed(message("C")))
    assert (answer["alert"]["state"], answer["alert"]["review"]["held_for"]) == ("in_review", ["describable_open"])


async def test_a_dispute_that_an_update_brings_ends_the_grace(deployment: Deployment) -> None:
    """The same words are sent again and name a dispute: the case waits in review, and is not sent by itself."""
    await deployment.provider()
    await pin(deployment)
    officers = Officers(deployment, await deployment.server())
    await officers.review(Review.GRACE, 600)
    first = message("A")
    _, answer = await post(officers.server, signer().signed(first))
    assert answer["alert"]["state"] == "scheduled"
    dispute = (Named(f"{CRITERIA}custody_dispute", "true"),)
    same = tuple(msgspec.structs.replace(one, parameters=(*one.parameters, *dispute)) for one in first.infos)
    status, answer = await post(officers.server, signer().signed(message("B", MessageType.UPDATE, first, infos=same)))
    assert (status, answer["alert"]["state"]) == (HTTPStatus.OK, "in_review"), answer
    assert answer["alert"]["review"]["send_at"] is None
