"""Bad days at the console: two people at once, a role that is gone, modules that do not load, a page in a frame."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.judging import confirm
from tests.browser.screens import screens, stage

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

    from tests.browser.desk import Desk

WITHIN_MS = 60_000
OPERATOR = {"en": "operator", "zh-CN": "操作员"}


async def _filled(page: Page, desk: Desk, alert: dict[str, Any], action: str, reason: str) -> None:
    """Open an action's page and fill it in, without sending it."""
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/{action}")
    await page.fill("#reason", reason)
    await page.fill("#case_number", alert["case_number"])


async def test_an_alert_that_nobody_can_read_is_stopped_on_its_pages_and_not_approved(desk: Desk) -> None:
    """Its words are damaged, or of a newer version: the page of its review says so, those of its end do it."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    await desk.deployment.query("update alert set content = '[]'")
    page = await desk.signed_in(Role.ADMIN, "Anna", javascript=False)
    for action in ("review", "update"):
        response = await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/{action}")
        assert response is not None
        assert response.status == 409
        await expect(page.locator("main")).to_contain_text("cannot be read")
    for action, state in (("pause", "paused"), ("cancel", "cancelled"), ("found", "found")):
        await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/{action}")
        await page.fill("#reason", "nobody can read it")
        if action != "pause":
            await page.fill("#case_number", alert["case_number"])
        await page.click(f"form[data-action={action}] button")
        await page.wait_for_selector(f".state-{state}")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_of_two_who_press_at_once_one_wins_and_the_other_reads_who_and_what(desk: Desk, locale: str) -> None:
    """Both have the page open; the one who is late changes nothing, reads who did what, and keeps what was typed."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    anna = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    bo = await desk.signed_in(Role.OPERATOR, "Bo", locale=locale)
    pages = {"Anna": anna, "Bo": bo}
    for name, page in pages.items():
        await _filled(page, desk, alert, "cancel", f"filed by mistake, says {name}")
    await asyncio.gather(*(page.click("form[data-action=cancel] button.danger") for page in pages.values()))
    for page in pages.values():
        await page.wait_for_selector(".state-cancelled")
    [late] = [name for name, page in pages.items() if await page.locator("main [role=alert]").count()]
    [won] = [name for name in pages if name != late]
    await expect(pages[late].locator(".changed-by")).to_contain_text(f"{OPERATOR[locale]} {won}")
    assert await pages[late].input_value("#reason") == f"filed by mistake, says {late}"


async def test_an_approval_of_what_was_changed_since_shows_what_changed(desk: Desk) -> None:
    """A case that came back differently after it was read is not approved; the page says so, with both revisions."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.APPROVER, "Anna", javascript=False)
    await _filled(page, desk, alert, "review", "read and right")
    for box in await page.locator("[data-read]").all():
        await box.check()
    texts = {locale: {"title": "Other words", "body": "seen since"} for locale in ("en", "zh-CN")}
    body = {"reason": "worded anew", "case_number": alert["case_number"], "texts": texts}
    status, changed = await desk.deployment.post(f"{desk.server.url}/v1/alerts/{alert['id']}/update", body)
    assert status == 200, changed
    await page.click("form[data-action=approval] button.primary")
    await page.wait_for_selector("main [role=alert]")
    await expect(page.locator(".changed-by")).to_contain_text("administrator test")
    await expect(page.locator(".review")).to_contain_text("Other words")
    await expect(page.locator(".state-in_review")).to_be_visible()
    assert await page.input_value("#reason") == "read and right"


async def test_a_token_that_is_revoked_while_a_page_is_open_does_nothing_more(desk: Desk) -> None:
    """The next action is refused, the page says that nothing was done, and what was typed stays on it."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    page = await desk.signed_in(Role.OPERATOR, "Anna", javascript=False)
    await _filled(page, desk, alert, "cancel", "a long text")
    [(token,)] = await desk.deployment.query("select id from bearer_token order by id desc limit 1")
    await desk.deployment.run("token", "revoke", str(token))
    await page.click("form[data-action=cancel] button.danger")
    await page.wait_for_selector("main [role=alert]")
    assert "a long text" in await page.content()
    state = (await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}"))["alert"]["state"]
    assert state == "sent"


async def test_a_role_that_is_too_small_is_named_on_the_page(desk: Desk) -> None:
    """A viewer who opens what is an operator's reads which role it needs."""
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.VIEWER, "Vera")
    for path in ("queue", f"alerts/{answer['alert']['id']}/cancel"):
        response = await page.goto(f"{desk.server.url}/console/{path}")
        assert response is not None
        assert response.status == 403
        await expect(page.locator("main [role=alert]")).to_contain_text("operator")


async def test_every_page_works_when_its_modules_do_not_load(desk: Desk) -> None:
    """Nothing waits for a module: pages are whole, and somebody pauses, resumes and ends an alert with forms alone."""
    scene = await stage(desk)
    page = await desk.signed_in(Role.ADMIN, "Anna")

    async def broken(route: Route) -> None:
        await route.abort()

    await page.route("**/*.js", broken)
    for path in await screens(page, desk, scene):
        await page.goto(f"{desk.server.url}{path}")
        assert await page.locator("main h1").count() == 1, path
    await page.goto(f"{desk.server.url}/console/alerts/{scene.sent}")
    await page.click("form[data-action=pause] button")
    await page.wait_for_selector(".state-paused")
    await page.click(".stop-bar a[href$='/resume']")
    await confirm(page, "a mistake")
    await page.wait_for_selector(".state-sent, .state-sending")
    await page.click(".stop-bar a[href$='/cancel']")
    await confirm(page, "filed by mistake")
    await page.wait_for_selector(".state-cancelled")


async def test_no_page_is_shown_in_a_frame(desk: Desk, free_port: int) -> None:
    """A page of another origin that frames the console shows nothing of it, while what allows frames is shown."""
    shown = f"{desk.deployment.provider_url}/simulated/counts"
    hidden = [f"{desk.server.url}/console", f"{desk.server.url}/console/queue"]
    body = "".join(f"<iframe src='{url}'></iframe>" for url in (shown, *hidden))

    async def framing(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", framing)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    page = await desk.signed_in(Role.ADMIN, "Anna")
    await page.goto(f"http://127.0.0.1:{free_port}/")
    texts = [await frame.locator("body").inner_text() for frame in page.frames if frame is not page.main_frame]
    await runner.cleanup()
    assert len(texts) == 3
    assert [text for text in texts if "distinct" in text]
    assert not [text for text in texts if "QQ Alert" in text or "Anna" in text]
    desk.complaints[:] = [one for one in desk.complaints if "frame-ancestors" not in one]


async def test_what_the_content_policy_forbids_is_heard(desk: Desk) -> None:
    """No test can miss a violation: each kind of it is a complaint, which fails the test that caused it."""
    page = await desk.signed_in(Role.ADMIN, "Anna")
    attempts = (
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'hacked = 1'}))",
        "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p { color: red }'}))",
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://evil.example/422.png'}))",
        "fetch('https://evil.example/503').catch(() => {})",
    )
    for attempt in attempts:
        desk.complaints.clear()
        async with page.expect_event("console", lambda message: "Content Security Policy" in message.text):
            await page.evaluate(attempt)
        assert [one for one in desk.complaints if "Content Security Policy" in one], attempt
    desk.complaints.clear()
