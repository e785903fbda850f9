"""People sign in at the console by an issuer, and are out when they have left it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest_asyncio
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.desk import Desk
from tests.browser.judging import approve
from tests.support.alarms import until_alarmed
from tests.support.processes.issuer import Issuer
from tests.support.processes.processes import until
from tests.support.stores.postgres_proxy import postgres_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from tests.support.processes.deployment import Deployment

GROUPS = (
    '{ watch = { role = "viewer" }, judges = { role = "approver" }, police = { role = "operator", authority = "sz" } }'
)


@pytest_asyncio.fixture
async def issuer(free_port: int, tmp_path: Path) -> AsyncIterator[Issuer]:
    """Run an issuer."""
    issuer = Issuer(free_port, tmp_path / "issuer.log")
    try:
        await issuer.started()
        yield issuer
    finally:
        issuer.end()


@pytest_asyncio.fixture
async def desk(deployment: Deployment, issuer: Issuer, browser: Browser) -> AsyncIterator[Desk]:
    """Run a server whose console is opened by the issuer."""
    await deployment.provider()
    await deployment.people(2_000)
    desk = Desk(deployment, await deployment.server(**issuer.environ(GROUPS)), browser)
    yield desk
    await desk.close()


async def sign_in(desk: Desk, page: Page, subject: str, path: str = "/console") -> None:
    """Sign in at the issuer as a subject."""
    await page.goto(f"{desk.server.url}{path}")
    await page.click("main a.primary")
    await page.fill("input[name=sub]", subject)
    await page.click("button:has-text('Authorize')")


async def signed_in(desk: Desk, subject: str, path: str = "/console", *, javascript: bool = True) -> Page:
    """Return a page of somebody who has just signed in."""
    page = await desk.page(javascript=javascript)
    await sign_in(desk, page, subject, path)
    await page.wait_for_selector("header .who")
    await page.wait_for_url(f"**{path}")
    return page


async def test_somebody_signs_in_by_the_issuer_with_the_role_of_a_group(desk: Desk, issuer: Issuer) -> None:
    """The group gives role and authority; one goes on where one wanted to; the cookie is strict."""
    await issuer.person("s-1", "police", "other", name="Anna Müller")
    page = await signed_in(desk, "s-1", "/console/queue")
    assert await page.locator("header .who span").first.inner_text() == "Anna Müller"
    assert "operator" in await page.locator("header .role").inner_text()
    assert "sz" in await page.locator("header .role").inner_text()
    [cookie] = [one for one in await page.context.cookies(desk.server.url) if "session" in str(one.get("name"))]
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Strict", "/")
    assert [one for one in await page.context.cookies(desk.server.url) if "login" in str(one.get("name"))] == []
    [event] = [one for one in await trail(desk) if one["action"] == "signed in"]
    assert event["actor"] == "operator Anna Müller"


async def test_it_works_without_javascript(desk: Desk, issuer: Issuer) -> None:
    """The page after the sign-in goes on by itself, or by its link."""
    await issuer.person("s-1", "watch", name="Anna")
    page = await signed_in(desk, "s-1", javascript=False)
    assert "Anna" in await page.locator("header .who").inner_text()


async def test_a_token_opens_the_api_and_not_the_console(desk: Desk) -> None:
    """The page has no place for a token, and a form that has one is refused; the API takes it as before."""
    token = await desk.token(Role.APPROVER, "Anna")
    page = await desk.page()
    await page.goto(f"{desk.server.url}/console")
    assert await page.locator("#token").count() == 0
    headers = {"Origin": desk.server.url}
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await session.post(f"{desk.server.url}/console/sign-in", data={"token": token})
        assert (answer.status, answer.cookies) == (403, {})
        answer = await session.get(f"{desk.server.url}/v1/alerts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200


async def test_whose_groups_give_no_role_gets_a_page_that_says_so(desk: Desk, issuer: Issuer) -> None:
    """Nor does who is an officer of nobody that is known; no cookie is set."""
    await issuer.person("s-1", "others", name="Anna")
    page = await desk.page()
    await sign_in(desk, page, "s-1")
    await expect(page.locator("main [role=alert]")).to_contain_text("no role")
    assert [one for one in await page.context.cookies(desk.server.url) if "session" in str(one.get("name"))] == []


async def test_the_subject_is_the_person_whatever_the_name(desk: Desk, issuer: Issuer) -> None:
    """Who signs in twice, under other names, cannot approve twice; somebody else of the same name can.

    The page has no form for it, and the form of the first approval, sent again, is refused.
    """
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await issuer.person("s-1", "judges", name="Anna")
    first = await signed_in(desk, "s-1")
    async with first.expect_request("**/approval") as asked:
        await approve(first, desk, alert)
    await issuer.person("s-1", "judges", name="Somebody Else")
    again = await signed_in(desk, "s-1")
    await again.goto(f"{desk.server.url}/console/alerts/{alert['id']}/review")
    await expect(again.locator("[data-not-mine]")).to_contain_text("You have approved")
    assert await again.locator("form[data-action=approval]").count() == 0
    sent = await asked.value
    kind = sent.headers["content-type"]
    headers = {"Origin": desk.server.url, "Content-Type": kind, "Accept-Language": "en"}
    refused = await again.request.post(sent.url, data=sent.post_data or "", headers=headers)
    assert refused.status == 409
    assert "You have approved this before" in await refused.text()
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}")
    assert len(shown["alert"]["review"]["approvals"]) == 1
    await issuer.person("s-2", "judges", name="Anna")
    other = await signed_in(desk, "s-2")
    assert "Anna 2" in await other.locator("header .who").inner_text()
    await approve(other, desk, alert)
    await expect(other.locator(".state-sent")).to_be_visible(timeout=60_000)


async def test_somebody_with_a_token_of_the_same_name_is_not_taken_for_two(desk: Desk, issuer: Issuer) -> None:
    """Nobody comes in before an administrator has said who it is; then both are one person."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    token = await desk.token(Role.APPROVER, "Anna")
    await issuer.person("s-1", "judges", name="ANNA")
    page = await desk.page()
    await sign_in(desk, page, "s-1")
    await expect(page.locator("main [role=alert]")).to_contain_text("qq-alert person is 1 --person")
    [(person,)] = await desk.deployment.query("select id from person where name = 'Anna'")
    await desk.deployment.run("person", "is", "1", "--person", str(person))
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await approve(await signed_in(desk, "s-1"), desk, alert)
    body = {"reason": "again", "case_number": alert["case_number"], "revision": 1}
    status, refused = await desk.deployment.post(f"{desk.server.url}/v1/alerts/{alert['id']}/approval", body, token)
    assert (status, refused["code"]) == (409, "already_approved")


async def test_who_has_left_the_issuer_is_out(desk: Desk, issuer: Issuer) -> None:
    """The page goes to the sign-in by itself and says why, and what they approved counts no longer."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await issuer.person("s-1", "judges", name="Anna")
    page = await signed_in(desk, "s-1")
    await approve(page, desk, alert)
    await expect(page.locator("html")).to_have_attribute("data-link", "live")
    await issuer.turn_out("s-1")
    await expect(page.locator("main [role=alert]")).to_contain_text("does not confirm")
    [event] = [one for one in await trail(desk) if one["action"] == "session ended by the issuer"]
    assert event["details"]["why"] == "left"
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}")
    assert shown["alert"]["review"]["approvals"] == []


async def test_a_role_that_is_taken_away_refuses_the_next_action(desk: Desk, issuer: Issuer) -> None:
    """Without signing in again; the page names the role that is needed, and one with none is signed out."""
    _, answer = await desk.deployment.file(desk.server)
    await issuer.person("s-1", "judges", name="Anna")
    page = await signed_in(desk, "s-1", javascript=False)
    await page.goto(f"{desk.server.url}/console/alerts/{answer['alert']['id']}/pause")
    await page.fill("#reason", "a doubt")
    await issuer.person("s-1", "watch", name="Anna")
    await until(lambda: changed(desk, "role changed by the issuer"))
    await page.click("form[data-action=pause] button")
    await expect(page.locator("main [role=alert]")).to_contain_text("needs the role operator")
    await issuer.person("s-1", name="Anna")
    await until(lambda: changed(desk, "session ended by the issuer"))
    await page.goto(f"{desk.server.url}/console")
    await expect(page.locator("main [role=alert]")).to_contain_text("no role here any more")


async def test_an_issuer_that_does_not_answer_ends_no_session_at_once(desk: Desk, issuer: Issuer) -> None:
    """There is an alarm, who is signed in goes on, and nobody new comes in."""
    await issuer.person("s-1", "judges", name="Anna")
    page = await signed_in(desk, "s-1")
    issuer.end()
    await until_alarmed(desk.deployment, desk.server, "issuer_away")
    await page.goto(f"{desk.server.url}/console/queue")
    await page.wait_for_selector("header .who")


async def test_sessions_end_when_the_issuer_is_silent_for_too_long(
    deployment: Deployment, issuer: Issuer, browser: Browser
) -> None:
    """The time for which they go on is a setting; an open page says by itself that the issuer does not answer."""
    desk = Desk(deployment, await deployment.server(**issuer.environ(GROUPS, outage_s="20")), browser)
    await issuer.person("s-1", "judges", name="Anna")
    page = await signed_in(desk, "s-1")
    issuer.end()
    await expect(page.locator("main [role=alert]")).to_contain_text("not answered for too long")
    await desk.close()


async def test_an_answer_without_the_attempt_of_this_browser_signs_nobody_in(desk: Desk, issuer: Issuer) -> None:
    """A callback that somebody sends to another, or sends again, asks the issuer nothing and leads nowhere else."""
    await issuer.person("s-1", "judges", name="Anna")
    page = await desk.page()
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "/sign-in/callback?" in request.url else None)
    await sign_in(desk, page, "s-1")
    await page.wait_for_selector("header .who")
    [address] = answers
    other = await desk.page()
    for one in (page, other):
        answer = await one.goto(address)
        assert answer is not None
        assert answer.status == 401
        await expect(one.locator("main [role=alert]")).to_contain_text("begun in another browser")
    for following in ("https://evil.example/", "//evil.example", "/console/../v1", "/console\\evil"):
        await other.goto(f"{desk.server.url}/console/sign-in?following={following}")
        assert await other.locator("main a.primary").get_attribute("href") == (
            "/console/sign-in/issuer?following=/console"
        )


async def changed(desk: Desk, action: str) -> bool:
    """Tell whether the trail has an action."""
    return action in {one["action"] for one in await trail(desk)}


async def trail(desk: Desk) -> list[dict[str, Any]]:
    """Return the events of the audit trail."""
    rows = await desk.deployment.query("select content from audit_event order by seq")
    return [json.loads(row[0])["event"] for row in rows]


async def test_what_was_typed_is_sent_after_signing_in_again_by_the_issuer(desk: Desk, issuer: Issuer) -> None:
    """The form comes back with every word; after a sign-in beside it, it is sent and does what was meant."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]["id"]
    await issuer.person("s-1", "judges", name="Anna")
    page = await signed_in(desk, "s-1", javascript=False)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/pause")
    await page.fill("#reason", "a long and careful text")
    await desk.deployment.query("update browser_session set expires_at = now() returning id")
    await page.click("form[data-action=pause] button")
    await expect(page.locator("textarea[name=reason]")).to_have_value("a long and careful text")
    async with page.context.expect_page() as opened:
        await page.click("main a[target=_blank]")
    beside = await opened.value
    await beside.click("main a.primary")
    await beside.fill("input[name=sub]", "s-1")
    await beside.click("button:has-text('Authorize')")
    await expect(beside.locator("main [role=status]")).to_contain_text("Close this tab")
    await beside.close()
    await page.click("main button.primary")
    await page.wait_for_url(f"**/console/alerts/{alert}?done=pause")


async def test_a_record_that_is_lost_while_the_issuer_is_asked_ends_no_server(
    deployment: Deployment, issuer: Issuer, browser: Browser
) -> None:
    """The connection breaks while an answer is noted; sessions are asked about again, and go on."""
    async with postgres_proxy(deployment.database_url) as proxy:
        env = {**issuer.environ(GROUPS), "QQ_ALERT_DATABASE__URL": proxy.database_url}
        server = await deployment.server(**env)
        desk = Desk(deployment, server, browser)
        await issuer.person("s-1", "judges", name="Anna")
        page = await signed_in(desk, "s-1")
        for _ in range(3):
            proxy.cut()
            proxy.lose_answer(b"then $2::bytea else grant_sealed")
            before = await confirmed(desk)
            await until(lambda before=before: later(desk, before))  # type: ignore[misc]
        assert server.alive
        await page.goto(f"{server.url}/console/queue")
        await page.wait_for_selector("header .who")
        await desk.close()


async def confirmed(desk: Desk) -> object:
    """Return when the issuer last confirmed the one who is signed in."""
    return (await desk.deployment.query("select confirmed_at from browser_session"))[0][0]


async def later(desk: Desk, before: object) -> bool:
    """Tell whether the issuer confirmed them again."""
    return await confirmed(desk) != before
