"""Persons: a rule for two people counts people, however many tokens and spellings one has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from handlers.http.roles import Role
from push.alerts.review import Review
from server.administration.access import RegistryError
from tests.support.life.officers import Officers

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

TEXTS = {locale: {"title": "Missing", "body": "A child in red"} for locale in ("zh-CN", "en")}


async def _officers(deployment: Deployment) -> Officers:
    await deployment.provider()
    await deployment.people(500)
    return Officers(deployment, await deployment.server())


async def _person_of(deployment: Deployment, token_id: int) -> int:
    person: int = (await deployment.query("select person_id from bearer_token where id = $1", token_id))[0][0]
    return person


async def _filed(officers: Officers, policy: Review, number: str = "SZ-2026-000123") -> str:
    await officers.review(policy)
    status, answer = await officers.deployment.file(officers.server, case_number=number)
    assert status == 202
    alert: str = answer["alert"]["id"]
    return alert


async def test_one_person_approves_once_under_every_spelling_and_token(deployment: Deployment) -> None:
    """Bold letters make no other "Anna", nor does another token of that person; a second person decides."""
    officers = await _officers(deployment)
    anna = await officers.token("Anna", Role.APPROVER, "Anna")
    bold = await officers.token("bold", Role.APPROVER, "𝐀nna")
    person = await _person_of(deployment, anna)
    again = await officers.token("again", Role.ADMIN, person=person)
    assert {await _person_of(deployment, one) for one in (bold, again)} == {person}
    await officers.token("Berta", Role.APPROVER, "Berta")
    alert = await _filed(officers, Review.TWO_PERSON)
    assert (await officers.act(alert, "approval", by="Anna"))[0] == 200
    for label in ("bold", "again", "Anna"):
        status, problem = await officers.act(alert, "approval", by=label)
        assert (status, problem["code"]) == (409, "already_approved"), label
    assert await officers.state(alert) == "in_review"
    assert (await officers.act(alert, "approval", by="Berta"))[1]["alert"]["state"] == "sending"


async def test_a_person_with_a_token_of_the_authority_approves_none_of_its_cases(deployment: Deployment) -> None:
    """Not with another token without an authority either; once that time is over, cases that come later."""
    officers = await _officers(deployment)
    officer = await officers.token("officer", Role.OPERATOR, "Anna", "sz")
    await officers.token("private", Role.APPROVER, "Ａnna")
    alert = await _filed(officers, Review.APPROVE)
    status, problem = await officers.act(alert, "approval", by="private")
    assert (status, problem["code"]) == (403, "own_authority")
    await deployment.run("token", "revoke", str(officer))
    assert (await officers.act(alert, "approval", by="private"))[0] == 403, "she was an officer when it was filed"
    later = await _filed(officers, Review.APPROVE, "SZ-2")
    assert (await officers.act(later, "approval", by="private", case_number="SZ-2"))[0] == 200


async def test_who_worded_or_proposed_a_change_approves_it_with_no_other_token(deployment: Deployment) -> None:
    """Before the send as an author, after it as the one who proposed it; release goes by the same rule."""
    officers = await _officers(deployment)
    token = await officers.token("Anna", Role.APPROVER, "Anna")
    await officers.token("again", Role.APPROVER, person=await _person_of(deployment, token))
    await officers.token("Berta", Role.APPROVER, "Berta")
    alert = await _filed(officers, Review.APPROVE)
    assert (await officers.act(alert, "update", by="Anna", texts=TEXTS))[0] == 200
    status, problem = await officers.act(alert, "approval", by="again")
    assert (status, problem["code"]) == (403, "own_work")
    assert (await officers.act(alert, "approval", by="Berta"))[0] == 200
    await deployment.sent(officers.server, alert)
    assert (await officers.act(alert, "extension", by="Anna", hours=2))[0] == 200
    assert (await officers.act(alert, "approval", by="again"))[1]["code"] == "own_work"
    await deployment.query("update ring set held = 'audience cap' where alert_id = $1", alert)
    assert (await officers.act(alert, "release", by="again", people_max=10_000))[1]["code"] == "own_work"
    assert (await officers.act(alert, "release", by="Berta", people_max=10_000))[0] == 200
    assert (await officers.act(alert, "approval", by="Berta"))[0] == 200


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Аnna", "U+0410 CYRILLIC CAPITAL LETTER A"),
        ("An\u200bna", "U+200B ZERO WIDTH SPACE"),
        ("\u202eanna", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("Tirn", "looks like that of person"),
    ],
)
async def test_a_name_that_looks_like_another_makes_no_person(deployment: Deployment, name: str, why: str) -> None:
    """It is refused in one sentence that says why; a token for the same person is asked for by id."""
    await deployment.command("token", "create", "--role", "approver", "--name", "Tim", "--json")
    officers = Officers(deployment, await deployment.server())
    with pytest.raises(RegistryError, match=why.replace("+", r"\+")):
        await officers.token("other", Role.APPROVER, name)
    assert (await deployment.query("select count(*) from person where name not in ('test', 'Tim')"))[0][0] == 0


async def test_two_commands_at_once_make_one_person(deployment: Deployment) -> None:
    """They find each other's person, and look-alikes see each other."""
    officers = Officers(deployment, await deployment.server())
    await asyncio.gather(
        *(officers.token(f"{n}", Role.VIEWER, name) for n, name in enumerate(["Anna", "ANNA", "𝐀nna"]))
    )
    results = await asyncio.gather(
        *(officers.token(name, Role.VIEWER, name) for name in ("Оса", "Oca")), return_exceptions=True
    )
    assert sorted(isinstance(one, RegistryError) for one in results) == [False, True]
    names = await deployment.query("select folded from person order by id")
    assert len([one for one in names if one[0] == "anna"]) == 1


async def test_tokens_and_approvals_of_a_version_without_persons_get_theirs(deployment: Deployment) -> None:
    """By the folded name: what one human approved before counts once, also under the other spelling."""
    officers = await _officers(deployment)
    for label, name in (("Anna", "Anna"), ("Li", "Li Wei")):
        await officers.token(label, Role.APPROVER, name)
    alert = await _filed(officers, Review.TWO_PERSON)
    assert (await officers.act(alert, "approval", by="Anna"))[0] == 200
    # As the version before stored it: no persons, and bold letters made another name.
    await deployment.query("update approval set person_id = null, token_id = null")
    for table in ("bearer_token", "alert_author", "proposal"):
        await deployment.query(f"update {table} set person_id = null")  # noqa: S608 - our names
    await deployment.query("delete from person")
    await officers.token("bold", Role.APPROVER, "Someone")
    await deployment.query("update bearer_token set name = '𝐀nna', person_id = null where name = 'Someone'")
    await deployment.query("delete from person")
    fresh = await deployment.server()
    officers.server = fresh
    status, problem = await officers.act(alert, "approval", by="bold")
    assert (status, problem["code"]) == (409, "already_approved")
    assert (await officers.act(alert, "approval", by="Anna"))[0] == 409
    assert (await officers.act(alert, "approval", by="Li"))[1]["alert"]["state"] == "sending"
    people = await deployment.query(
        "select folded, count(*)::int from bearer_token t join person p on p.id = t.person_id"
        " group by folded order by folded"
    )
    assert people == [("anna", 2), ("liwei", 1), ("test", 1)]


async def test_a_token_that_an_older_command_makes_gets_its_person_at_its_first_use(deployment: Deployment) -> None:
    """Servers are replaced one by one: no start of a server comes between."""
    officers = await _officers(deployment)
    first = await officers.token("Anna", Role.APPROVER, "Anna")
    later = await officers.token("later", Role.APPROVER, "Someone")
    await deployment.query("update bearer_token set name = 'ANNA', person_id = null where id = $1", later)
    alert = await _filed(officers, Review.TWO_PERSON)
    assert (await officers.act(alert, "approval", by="Anna"))[0] == 200
    assert (await officers.act(alert, "approval", by="later"))[1]["code"] == "already_approved"
    assert await _person_of(deployment, later) == await _person_of(deployment, first)


async def test_the_trail_says_which_user_of_the_machine_made_a_token(deployment: Deployment) -> None:
    """And for which person: who may run commands can make two persons, and the trail shows it."""
    created = await deployment.command("token", "create", "--role", "viewer", "--name", "李伟 W.", "--json")
    listed: list[dict[str, Any]] = msgspec.json.decode(await deployment.run("token", "list", "--json"))
    [row] = [one for one in listed if one["id"] == created["id"]]
    assert row["name"] == "李伟 W."
    server = await deployment.server()
    events = (await deployment.get(f"{server.url}/v1/audit"))["events"]
    made = [one["content"]["event"] for one in events if one["content"]["event"]["action"] == "token created"]
    assert made[-1]["details"]["person"] == row["person"]
    assert made[-1]["terminal"]["os_user"]
