"""People judge, stop and end an alert at the console."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.judging import approve

if TYPE_CHECKING:
    from tests.browser.desk import Desk


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_two_people_approve_a_case_and_everybody_is_notified(desk: Desk, locale: str) -> None:
    """One approval is not enough, the same person gives no second one, another's sends it; then it is ended."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    anna = await desk.signed_in(Role.APPROVER, "Anna", locale=locale)
    await approve(anna, desk, alert)
    await expect(anna.locator("[data-approved=waits]")).to_contain_text(
        "1 of 2" if locale == "en" else "已有 1 人批准，共需 2 人"
    )
    approved, other = ("You have approved", "Judge") if locale == "en" else ("您已批准", "审阅并批准")
    await expect(anna.locator(".stop-bar [data-not-mine]")).to_contain_text(approved)
    bo = await desk.signed_in(Role.APPROVER, "Bo", locale=locale)
    # Also in the part that is written anew for all who look at the alert at once.
    part = f"{desk.server.url}/console/alerts/{alert['id']}/part/state"
    read = "async (part) => await (await fetch(part)).text()"
    texts = await asyncio.gather(*(page.evaluate(read, part) for page in (anna, bo)))
    assert [approved in text for text in texts] == [True, False]
    assert [other in text for text in texts] == [False, True]
    await anna.goto(f"{desk.server.url}/console/queue")
    await expect(anna.locator("table.queue")).to_contain_text(alert["case_number"])
    assert await anna.locator("table.queue a.primary").count() == 0
    await approve(bo, desk, alert)
    sent = "it is being sent" if locale == "en" else "正在发送"
    await expect(bo.locator("[data-approved=approval]")).to_contain_text(sent)
    await expect(bo.locator(".state-sent")).to_be_visible(timeout=60_000)
    await bo.click(".stop-bar a[href$='/found']")
    await bo.fill("#reason", "found at home")
    await bo.fill("#case_number", alert["case_number"])
    await bo.click("form[data-action=found] button")
    await expect(bo.locator(".state-found")).to_be_visible()
    # The other desk sees it without being asked to look.
    await anna.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await expect(anna.locator(".state-found")).to_be_visible()


async def test_the_review_of_a_change_leads_with_what_would_change(desk: Desk) -> None:
    """The area that is proposed, and why, before the estimate of the alert as it stands."""
    deployment, url = desk.deployment, desk.server.url
    await deployment.run("authority", "review", "sz", "--policy", "approve")
    _, answer = await deployment.file(desk.server)
    alert, number = answer["alert"]["id"], answer["alert"]["case_number"]
    approval = {"reason": "read", "case_number": number, "revision": answer["alert"]["review"]["revision"]}
    assert (await deployment.post(f"{url}/v1/alerts/{alert}/approval", approval, await deployment.colleague()))[
        0
    ] == 200
    await deployment.sent(desk.server, alert)
    wider = {"reason": "taken away in a car", "case_number": number, "radius_km": 200}
    assert (await deployment.post(f"{url}/v1/alerts/{alert}/rings", wider))[0] == 200
    page = await desk.signed_in(Role.APPROVER, "Anna", javascript=False)
    await page.goto(f"{url}/console/alerts/{alert}/review")
    await expect(page.locator("main section h2").first).to_have_text("What is proposed")
    first = page.locator("main section").first
    text = await first.inner_text()
    places = [text.index(one) for one in ("200 km", "taken away in a car", "As it stands", "Deadline")]
    assert places == sorted(places), text
    await expect(first.locator("[data-proposal]")).to_have_count(1)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_somebody_pauses_and_resumes_by_keyboard_alone(desk: Desk, locale: str) -> None:
    """`p` pauses at once; resuming asks for the case number, typed; the page follows without being loaded again."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=30_000)
    await page.keyboard.press("p")
    await expect(page.locator(".state-paused")).to_be_visible(timeout=30_000)
    await page.locator(".stop-bar a[href$='/resume']").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#reason")
    await page.locator("#reason").focus()
    await page.keyboard.type("a mistake")
    await page.keyboard.press("Tab")
    await page.keyboard.type(alert["case_number"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".state-sent, .state-sending").first).to_be_visible(timeout=60_000)
