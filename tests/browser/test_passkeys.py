"""People sign with a passkey what a cookie alone must not do, with the virtual authenticator of Chromium."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import pytest_asyncio
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.desk import Desk
from tests.browser.judging import read_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, CDPSession, Page, Request, Route

    from tests.support.processes.deployment import Deployment

AUTHENTICATOR: Final = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

TIMES: Final = 3
"""An action is sent at most so often."""


@pytest_asyncio.fixture
async def desk(deployment: Deployment, browser: Browser) -> AsyncIterator[Desk]:
    """Run a server that asks for passkeys; a passkey needs a name, not an address in digits."""
    await deployment.provider()
    await deployment.people(2_000)
    server = await deployment.server(
        QQ_ALERT_CONSOLE__PASSKEYS_REQUIRED="true", QQ_ALERT_ALERT__AUDIENCE_CAP="20", QQ_ALERT_PRIVACY__PEOPLE_MIN="1"
    )
    server.url = server.url.replace("127.0.0.1", "localhost")
    desk = Desk(deployment, server, browser)
    yield desk
    await desk.close()


async def authenticator(page: Page, **changes: object) -> tuple[CDPSession, str]:
    """Give the browser of a page an authenticator."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    added = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, **changes}})
    return devtools, added["authenticatorId"]


async def register(page: Page, desk: Desk) -> None:
    """Make a passkey."""
    await page.goto(f"{desk.server.url}/console/passkeys")
    await page.fill("#label", "my key")
    await page.click("main form button")
    await expect(page.locator("table.passkeys")).to_contain_text("my key")


async def fill(page: Page, desk: Desk, alert: dict[str, Any], action: str) -> None:
    """Fill in the form of an action."""
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/{'review' if action == 'approval' else action}")
    if action == "approval":
        await read_all(page)
    await page.fill("#reason", "read and believed")
    await page.fill("#case_number", alert["case_number"])


async def send(page: Page, action: str) -> None:
    """Send the form of an action."""
    await page.click(f"form[data-action={action}] button")


async def done(page: Page, desk: Desk, alert: dict[str, Any], action: str, **fields: str) -> None:
    """Do an action; where a busy machine's PostgreSQL did not answer in time, once more.

    Where it does not say in time what is to be signed, the form is sent unsigned.
    """
    asked: list[int] = []
    page.on("response", lambda one: asked.append(one.status) if one.url.endswith("/passkey") else None)
    for _ in range(TIMES):
        asked.clear()
        await fill(page, desk, alert, action)
        for field, typed in fields.items():
            await page.fill(f"#{field}", typed)
        async with page.expect_navigation() as navigation:
            await send(page, action)
        answer = await navigation.value
        if asked == [HTTPStatus.OK] and answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    assert page.url.endswith(f"/console/alerts/{alert['id']}?done={action}"), await page.inner_text("main")


async def test_somebody_approves_and_withdraws_with_a_passkey(desk: Desk) -> None:
    """The browser asks for it when the form is sent; without one nothing is done, and what was typed is still there."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.APPROVER, "Anna")
    await fill(page, desk, alert, "approval")
    await send(page, "approval")
    await expect(page.locator("main [role=alert]")).to_contain_text("needs your passkey")
    await expect(page.locator("textarea[name=reason]")).to_have_value("read and believed")
    await authenticator(page)
    await register(page, desk)
    await done(page, desk, alert, "approval")
    await done(page, desk, alert, "cancel")
    rows = await desk.deployment.query("select signs from passkey")
    assert [row[0] > 0 for row in rows] == [True]


async def test_somebody_releases_from_the_cap_with_a_passkey(desk: Desk) -> None:
    """The number of people is part of what is signed."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.APPROVER, "Anna")
    await authenticator(page)
    await register(page, desk)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await expect(page.locator(".stop-bar a[href$='/release']")).to_be_visible(timeout=60_000)
    await done(page, desk, alert, "release", people_max="100000")


def passkey_of(request: Request) -> str:
    """Return what a passkey signed of a form that was sent."""
    return parse_qs(request.post_data or "")["passkey"][0]


async def only_reads(route: Route) -> None:
    """Let nothing through that changes something."""
    if route.request.method == "POST":
        await route.abort()
    else:
        await route.continue_()


async def test_what_was_signed_for_something_else_or_before_does_nothing(desk: Desk) -> None:
    """Not for another action or another alert, not twice, and not of somebody else's passkey."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.APPROVER, "Anna")
    await authenticator(page)
    await register(page, desk)
    approvals: list[Request] = []
    page.on("request", lambda one: approvals.append(one) if one.url.endswith("/approval") else None)
    await done(page, desk, alert, "approval")
    used = passkey_of(approvals[-1])

    async def tried(action: str, passkey: str, who: Page = page, **fields: str) -> str:
        form = {"reason": "again", "case_number": alert["case_number"], "revision": "1", "passkey": passkey, **fields}
        url = f"{desk.server.url}/console/alerts/{alert['id']}/{action}"
        answer = await who.request.post(url, form=form, headers={"Origin": desk.server.url, "Accept-Language": "en"})
        assert answer.status == 403
        return await answer.text()

    assert "was used before" in await tried("approval", used)
    assert "was used before" in await tried("cancel", used)
    assert "needs your passkey" in await tried("cancel", "")
    for garbage in ("x", "{}", "[" * 5000, used[:-40]):
        assert "does not fit" in await tried("cancel", garbage)
    # A signature that was never sent, for another action than that for which it was made.
    await fill(page, desk, alert, "cancel")
    async with page.expect_request("**/cancel") as sent:
        await page.route(
            "**/cancel", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
        )
        await send(page, "cancel")
    fresh = passkey_of(await sent.value)
    assert "does not fit" in await tried("release", fresh, people_max="500")
    await page.unroute("**/cancel")
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}")
    assert shown["alert"]["state"] == "in_review"


async def test_a_passkey_that_verifies_nobody_is_not_taken(desk: Desk) -> None:
    """It must know who holds it; and a cookie makes none when the sign-in was long ago."""
    page = await desk.signed_in(Role.APPROVER, "Anna")
    await authenticator(page, isUserVerified=False)
    await page.goto(f"{desk.server.url}/console/passkeys")
    await page.fill("#label", "my key")
    await page.click("main form button")
    await expect(page.locator("main [role=alert]")).to_contain_text("No passkey was made")
    await desk.deployment.query("update browser_session set created_at = now() - interval '11 minutes' returning id")
    answer = await page.request.post(
        f"{desk.server.url}/console/passkeys/options", headers={"Origin": desk.server.url, "Accept-Language": "en"}
    )
    assert await answer.json() is None
    await page.goto(f"{desk.server.url}/console/passkeys")
    assert await page.locator("#label").count() == 0


async def test_an_administrator_removes_a_lost_passkey(desk: Desk) -> None:
    """It signs nothing from then on, and the trail says who removed it."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.APPROVER, "Anna")
    await authenticator(page)
    await register(page, desk)
    assert "my key" in await desk.deployment.run("passkey", "list")
    await desk.deployment.run("passkey", "remove", "1", "--reason", "it is lost")
    await fill(page, desk, alert, "cancel")
    await send(page, "cancel")
    await expect(page.locator("main [role=alert]")).to_contain_text("needs your passkey")
    [row] = await desk.deployment.query("select content from audit_event where content like '%passkey removed%'")
    assert "command line" in row[0]


async def test_without_javascript_the_page_says_that_a_passkey_is_needed(desk: Desk) -> None:
    """Before the form is sent, and after."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.APPROVER, "Anna", javascript=False)
    await page.goto(f"{desk.server.url}/console/alerts/{answer['alert']['id']}/cancel")
    await expect(page.locator("main")).to_contain_text("a passkey needs JavaScript")
    await page.fill("#reason", "a doubt")
    await page.fill("#case_number", answer["alert"]["case_number"])
    await send(page, "cancel")
    await expect(page.locator("main [role=alert]")).to_contain_text("needs your passkey")
    await expect(page.locator("main")).to_contain_text("a passkey needs JavaScript")
