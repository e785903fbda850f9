"""People change an alert at the console: hold it back, end it, word it anew, release it, reopen it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.judging import approve, confirm

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

both_languages = pytest.mark.parametrize("locale", ["en", "zh-CN"])
WITHIN_MS = 60_000


async def _on_alert(desk: Desk, locale: str, alert: dict[str, Any], *, name: str = "Anna", **more: Any) -> Page:  # noqa: ANN401 - options
    page = await desk.signed_in(Role.APPROVER, name, locale=locale, **more)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    return page


@both_languages
async def test_somebody_holds_back_what_would_go_out_by_itself(desk: Desk, locale: str) -> None:
    """Within the grace the queue says when it goes out; a veto needs a reason alone, and nobody is notified."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "grace", "--grace-s", "600")
    _, answer = await desk.deployment.file(desk.server)
    page = await _on_alert(desk, locale, answer["alert"])
    await page.click(".stop-bar a[href$='/veto']")
    await page.fill("#reason", "the wrong child")
    await page.click("form[data-action=veto] button")
    await expect(page.locator(".state-in_review")).to_be_visible()
    assert (await desk.deployment.reached()).size == 0


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_somebody_withdraws_after_reading_the_exact_words(desk: Desk, locale: str, *, javascript: bool) -> None:
    """The words come first; another case number withdraws nothing, and what was typed stays; the right one does."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    page = await _on_alert(desk, locale, alert, javascript=javascript)
    await page.click(".stop-bar a[href$='/cancel']")
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}/preview")
    for language, lanes in shown["notices"]["cancel"].items():
        await expect(page.locator(f".words [lang='{language}']")).to_contain_text(lanes["tpns"]["body"])
    words, field = page.locator(".words").first, page.locator("#case_number")
    assert await words.evaluate("(one, two) => one.compareDocumentPosition(two)", await field.element_handle()) & 4
    await page.fill("#reason", "filed by mistake")
    await field.fill("SZ-2026-000124")
    button = page.locator("form[data-action=cancel] button")
    if javascript:
        await expect(button).to_be_disabled()
    else:
        await button.click()
        await page.wait_for_selector("main [role=alert]")
        assert await page.input_value("#reason") == "filed by mistake"
    await field.fill(alert["case_number"])
    await button.click()
    await expect(page.locator(".state-cancelled")).to_be_visible()


@both_languages
async def test_somebody_says_found_and_somebody_reopens(desk: Desk, locale: str) -> None:
    """Found because of the alert; then reopened by Anna, which Bo has to approve, and sent on."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    page = await _on_alert(desk, locale, alert)
    await page.click(".stop-bar a[href$='/found']")
    await page.check("input[name=through_alert][value=true]")
    await confirm(page, "at home")
    await expect(page.locator(".state-found")).to_be_visible()
    await expect(page.locator(".stop-bar a[href$='/found']")).to_have_count(0)
    await page.click(".stop-bar a[href$='/reopen']")
    await confirm(page, "it was another child")
    await expect(page.locator(".state-in_review, .state-sent, .state-sending").first).to_be_visible()
    if await page.locator(".state-in_review").count():
        bo = await desk.signed_in(Role.APPROVER, "Bo", locale=locale)
        await approve(bo, desk, alert)
    await expect(page.locator(".state-sent")).to_be_visible(timeout=WITHIN_MS)


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_somebody_words_it_anew_and_sees_where_each_lane_cuts(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """What phones would show is shown beside what is typed, as each lane cuts it; then it is sent."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    page = await _on_alert(desk, locale, alert, javascript=javascript)
    await page.click(".stop-bar a[href$='/update']")
    long = "在罗湖口岸附近，" * 100
    await page.fill("#title-zh-CN", "寻找小明")
    await page.fill("#body-zh-CN", long)
    if not javascript:
        await page.click("[data-try]")
    phone = page.locator("[data-tried] .phone [lang='zh-CN'] .body").first
    await expect(phone).to_contain_text("在罗湖口岸附近")
    assert len(await phone.inner_text()) < len(long)
    assert await page.input_value("#body-zh-CN") == long
    await page.fill("#body-zh-CN", "18点见于罗湖口岸。")
    await confirm(page, "seen since")
    shown = await desk.deployment.get(f"{desk.server.url}/v1/alerts/{alert['id']}/preview")
    assert "罗湖口岸" in shown["notices"]["alert"]["zh-CN"]["tpns"]["body"]


@both_languages
async def test_somebody_releases_what_is_held_at_the_cap(capped: Desk, locale: str) -> None:
    """A ring beyond the cap is held, and the queue says so; a number of people lets it go on to the end."""
    _, answer = await capped.deployment.file(capped.server)
    alert = answer["alert"]
    page = await capped.signed_in(Role.APPROVER, "Anna", locale=locale)
    await page.goto(f"{capped.server.url}/console/queue")
    await page.click("table.queue a[href$='/release']", timeout=WITHIN_MS)
    await page.fill("#people_max", "1000000")
    await confirm(page, "the whole city is meant")
    await expect(page.locator(".matrix .mark.warn")).to_have_count(0)
    await capped.deployment.sent(capped.server, alert["id"])
