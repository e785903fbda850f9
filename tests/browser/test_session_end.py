"""A session says before it ends, and loses nothing that was typed; the feed is opened by its own page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from playwright.async_api import expect

import sql.sessions
from handlers.console.signing_in.sessions import IDLE
from handlers.http.roles import Role
from sql.database import open_pool

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

END: str = "update browser_session set expires_at = now() returning id"
SOON: str = "update browser_session set expires_at = now() + interval '9 minutes' returning id"


async def pausing(desk: Desk, *, javascript: bool = True) -> tuple[Page, str]:
    """Return the page on which somebody has typed why to pause an alert, and the alert."""
    _, answer = await desk.deployment.file(desk.server)
    alert: str = answer["alert"]["id"]
    page = await desk.signed_in(Role.OPERATOR, "Anna", javascript=javascript)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}/pause")
    await page.fill("#reason", "a long and careful text")
    return page, alert


async def sign_in_beside(desk: Desk, page: Page, link: str) -> None:
    """Sign in with another token, in the tab that a link opens."""
    async with page.context.expect_page() as opened:
        await page.click(link)
    beside = await opened.value
    await beside.fill("#token", await desk.token(Role.OPERATOR, "Anna"))
    await beside.click("main button.primary")
    await expect(beside.locator("[role=status]").last).to_contain_text("Close this tab")
    await beside.close()


@pytest.mark.parametrize("javascript", [True, False])
async def test_what_was_typed_is_sent_after_signing_in_again(desk: Desk, *, javascript: bool) -> None:
    """The form comes back with every word; after a sign-in beside it, it is sent and does what was meant."""
    page, alert = await pausing(desk, javascript=javascript)
    await desk.deployment.query(END)
    await page.click("form[data-action=pause] button")
    await expect(page.locator("main [role=alert]")).to_contain_text("nothing that you typed is lost")
    await expect(page.locator("textarea[name=reason]")).to_have_value("a long and careful text")
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert}")
    assert shown["alert"]["state"] != "paused"
    await sign_in_beside(desk, page, "main a[target=_blank]")
    await page.click("main button.primary")
    await page.wait_for_url(f"**/console/alerts/{alert}?done=pause")


async def test_a_page_in_which_somebody_typed_is_not_loaded_again(desk: Desk) -> None:
    """It says that the session has ended, by itself; one in which nobody typed goes to the sign-in."""
    page, _ = await pausing(desk)
    other = await page.context.new_page()
    await other.goto(f"{desk.server.url}/console")
    await expect(other.locator("html")).to_have_attribute("data-link", "live", timeout=30_000)
    await desk.deployment.query("update bearer_token set revoked_at = now() where name = 'Anna' returning id")
    await expect(page.locator("[data-says=ended]")).to_be_visible(timeout=60_000)
    await expect(page.locator("#reason")).to_have_value("a long and careful text")
    await other.wait_for_selector("#token", timeout=60_000)
    await sign_in_beside(desk, page, ".session-banner a")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=60_000)


async def test_a_page_warns_before_its_session_ends(desk: Desk) -> None:
    """Also without JavaScript; before that there is no warning."""
    page, alert = await pausing(desk, javascript=False)
    await expect(page.locator("[data-says=ends]")).to_be_hidden()
    await desk.deployment.query(SOON)
    await page.goto(f"{desk.server.url}/console/alerts/{alert}")
    await expect(page.locator("[data-says=ends]")).to_be_visible()


async def test_sessions_that_are_over_are_deleted(desk: Desk) -> None:
    """By what every server does each hour; one that stands stays."""
    await desk.signed_in(Role.OPERATOR, "Anna")
    await desk.deployment.query(END)
    await desk.signed_in(Role.OPERATOR, "Bo")
    pool = await open_pool(desk.deployment.server_database_url)
    await sql.sessions.clean(pool, IDLE)
    await pool.close()
    [(count,)] = await desk.deployment.query("select count(*) from browser_session")
    assert count == 1


async def test_the_feed_is_opened_by_its_own_page_alone(desk: Desk) -> None:
    """A ticket of a page opens nothing from another origin, another browser or twice; each is refused and counted."""
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    own = {str(one.get("name")): str(one.get("value")) for one in await page.context.cookies()}
    before = await cross_site(desk)

    async def ticket() -> str:
        answer = await page.request.post(f"{desk.server.url}/console/feed-ticket", headers={"Origin": desk.server.url})
        text: str = (await answer.json())["ticket"]
        return text

    async def opened(ticket: str, headers: dict[str, str], cookies: dict[str, str]) -> int:
        async with aiohttp.ClientSession(cookies=cookies) as session:
            try:
                async with session.ws_connect(f"{desk.server.url}/v1/feed?ticket={ticket}", headers=headers):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    good = await ticket()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert await opened(good, headers, own) == 403, headers
    assert await cross_site(desk) == before + 3
    assert await opened(good, {"Origin": desk.server.url}, {}) == 401
    assert await opened(await ticket(), {"Origin": desk.server.url}, {}) == 401
    used = await ticket()
    assert [await opened(used, {"Origin": desk.server.url}, own) for _ in range(2)] == [101, 401]


async def cross_site(desk: Desk) -> float:
    """Return how many requests of other sites were refused."""
    async with desk.deployment.session() as session, session.get(f"{desk.server.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    [value] = [line.split()[-1] for line in lines if line.startswith("qq_alert_cross_site_requests_total")]
    return float(value)
