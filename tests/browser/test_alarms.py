"""Alarms at the console: they sound until somebody has taken them by name, in every browser and of every process."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.desk import Desk
from tests.support.processes.deployment import CASE
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, CDPSession, Page

    from tests.support.processes.deployment import Deployment

TONES = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  window.tones.push(`${this.type} ${this.frequency.value}`);
  return start.call(this, when);
};
"""
"""Notes which tones a page starts, and starts them."""

CENTRE = """
(() => { const at = document.querySelector("alarm-bell button").getBoundingClientRect();
  return [at.x + at.width / 2, at.y + at.height / 2]; })()
"""
SOUNDING = "alarm-bell[data-sounding]"
WAIT_MS = 60_000


@pytest_asyncio.fixture
async def refused(deployment: Deployment, browser: Browser) -> AsyncIterator[Desk]:
    """Run a server whose simulated provider refuses its credentials."""
    await deployment.provider("--access-id", "other")
    await deployment.people(2_000)
    desk = Desk(deployment, await deployment.server(), browser)
    yield desk
    await desk.close()


async def _press(page: Page) -> None:
    """Press a key that does nothing, so that the browser lets the page sound."""
    await page.locator("body").count()
    await page.keyboard.press("F2")


async def _take_others(page: Page) -> None:
    """Take what else stands: on a busy machine a store may be slow, and that is an alarm."""
    while await page.locator("[data-taken=no] button").count():
        await page.locator("[data-taken=no] button").first.click()


async def _asked(browser: CDPSession, expression: str) -> Any:  # noqa: ANN401 - JSON
    """Ask a page something without what Chromium takes for a gesture, which every locator of Playwright is."""
    asked = {"expression": expression, "returnByValue": True, "userGesture": False}
    return (await browser.send("Runtime.evaluate", asked))["result"].get("value")


async def _until(browser: CDPSession, expression: str) -> None:
    async def is_true() -> bool:
        return await _asked(browser, expression) is True

    await until(is_true)


async def _credentials(deployment: Deployment, access_id: str) -> None:
    async with deployment.session() as session:
        right = {"access_id": access_id, "secret_key": "simulated"}
        await session.post(f"{deployment.provider_url}/simulated/credentials", json=right)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_an_alarm_sounds_until_it_is_taken_by_name_and_again_when_it_comes_back(
    refused: Desk, locale: str
) -> None:
    """A provider refuses us: two browsers sound, one person takes it, both are silent; it comes back, both sound."""
    anna = await refused.signed_in(Role.OPERATOR, "Anna", locale=locale)
    bo = await refused.signed_in(Role.OPERATOR, "Bo", locale=locale)
    quiet = await bo.title()
    await refused.deployment.file(refused.server)
    for page in (anna, bo):
        await _press(page)
        await page.wait_for_selector("alarm-bell[data-sounding~=alarm]", state="attached")
        await expect(page.locator("[data-count=alarms]")).to_have_text(re.compile("[1-9]"))
        await expect(page).to_have_title(re.compile(r"^\[[1-9].+\] "))
        assert "icon-alarm" in str(await page.locator("link[rel=icon]").get_attribute("href"))
    await anna.click("nav a[href='/console/alarms']")
    alarm = anna.locator("[data-kind=misconfigured]")
    await alarm.locator("input[name=note]").fill("I correct the key")
    await alarm.locator("button").click()
    await expect(anna.locator("[data-kind=misconfigured][data-taken=yes]")).to_contain_text("Anna")
    await _take_others(anna)
    # Taken is not over: it stands, and nobody hears it.
    await expect(bo.locator(SOUNDING)).to_have_count(0, timeout=WAIT_MS)
    await expect(bo).to_have_title(quiet)
    assert re.search(r"/icon\.\w+\.svg$", str(await bo.locator("link[rel=icon]").get_attribute("href")))
    await bo.click("nav a[href='/console/alarms']")
    await expect(bo.locator("[data-kind=misconfigured] .taken")).to_contain_text("I correct the key")

    await _credentials(refused.deployment, "simulated")
    await expect(bo.locator("[data-kind=misconfigured]")).to_have_count(0, timeout=WAIT_MS)
    await _credentials(refused.deployment, "other")
    await refused.deployment.file(refused.server, case_number="SZ-2")
    for page in (anna, bo):
        await _press(page)
        await page.wait_for_selector("alarm-bell[data-sounding~=alarm]", state="attached")
    await expect(bo.locator("[data-kind=misconfigured][data-taken=no]")).to_have_count(1, timeout=WAIT_MS)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_a_browser_that_keeps_silent_is_said_in_red_and_sounds_after_one_press(desk: Desk, locale: str) -> None:
    """Before any gesture on the page nothing sounds, and the page says so: a banner with a button."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    await desk.deployment.file(desk.server)
    seen = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale)
    await expect(seen.locator("[data-count=alarms]")).to_have_text(re.compile("[1-9]"), timeout=WAIT_MS)
    page = await seen.context.new_page()
    browser = await page.context.new_cdp_session(page)
    await page.goto(f"{desk.server.url}/console")
    await _until(browser, "document.querySelector('alarm-bell[data-muted] .muted:not([hidden]) button') !== null")
    assert await _asked(browser, f"document.querySelector('{SOUNDING}')") is None

    async def sounds_once_pressed() -> bool:
        # What is above the button may still grow while the page is being made, so that one press may miss it.
        if await _asked(browser, f"document.querySelector('{SOUNDING}') !== null"):
            return True
        x, y = await _asked(browser, CENTRE)
        await page.mouse.click(x, y)
        return False

    await until(sounds_once_pressed)
    await _until(browser, "document.querySelector('.muted').hidden")


@pytest.mark.parametrize(
    ("status", "sound", "tones"),
    [
        ("actual", "review", {"triangle 523", "triangle 659", "triangle 784"}),
        ("exercise", "exercise", {"sine 440", "sine 330"}),
        ("test", "test", {"sine 220"}),
    ],
)
async def test_what_is_live_an_exercise_and_a_test_differ_to_the_ear_and_to_the_eye(
    desk: Desk, status: str, sound: str, tones: set[str]
) -> None:
    """By tones, and on the page by the word, the sign and the line of the card."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await page.add_init_script(TONES)
    _, answer = await desk.deployment.file(desk.server, **_of(status))
    await page.goto(f"{desk.server.url}/console/alarms")
    await page.wait_for_selector("[data-kind=review]", timeout=WAIT_MS)
    await _press(page)
    await page.wait_for_selector(f"alarm-bell[data-sounding~={sound}]", state="attached")

    async def is_heard() -> bool:
        return tones <= set(await page.evaluate("window.tones"))

    await until(is_heard)
    live = {"review", "exercise", "test"} & {
        *str(await page.locator("alarm-bell").get_attribute("data-sounding")).split()
    }
    assert live == {sound}
    card = page.locator(f"[data-kind=review].status-{status}")
    assert await card.locator(".mark").count() == (status != "actual")
    assert answer["alert"]["case_number"] in await card.inner_text()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_without_javascript_an_alarm_is_seen_and_taken(desk: Desk, locale: str) -> None:
    """Count, title and icon are there when the page is; who is late reads who was faster, and takes it over."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    await desk.deployment.file(desk.server)
    bo = await desk.signed_in(Role.OPERATOR, "Bo", locale=locale)
    await bo.goto(f"{desk.server.url}/console/alarms")
    await bo.wait_for_selector("[data-kind=review]", timeout=WAIT_MS)
    anna = await desk.signed_in(Role.APPROVER, "Anna", locale=locale, javascript=False)
    await anna.goto(f"{desk.server.url}/console/alarms")
    untaken = await anna.locator("[data-taken=no]").count()
    await expect(anna.locator("[data-count=alarms]")).to_have_text(str(untaken))
    await expect(anna.locator("[data-count=queue]")).to_have_text("1")
    await expect(anna).to_have_title(re.compile(rf"^\[{untaken} .+1 .+\] "))
    assert "icon-alarm" in str(await anna.locator("link[rel=icon]").get_attribute("href"))
    late = await desk.signed_in(Role.OPERATOR, "Late", locale=locale, javascript=False)
    await late.goto(f"{desk.server.url}/console/alarms")
    await anna.fill("[data-kind=review] input[name=note]", "mine")
    await anna.click("[data-kind=review] button")
    await expect(anna.locator("[data-kind=review] .taken")).to_contain_text("Anna")
    await _take_others(anna)
    assert "icon-waiting" in str(await anna.locator("link[rel=icon]").get_attribute("href"))
    await late.fill("[data-kind=review] input[name=note]", "typed in vain?")
    await late.click("[data-kind=review] button")
    await expect(late.locator(".problem")).to_contain_text("Anna")
    await expect(late.locator("[data-kind=review] input[name=note]")).to_have_value("typed in vain?")
    await late.click("[data-kind=review] button")
    await expect(late.locator("[data-kind=review] .taken")).to_contain_text("Late")
    # The browser with JavaScript sees it without being loaded again.
    await expect(bo.locator("[data-kind=review] .taken")).to_contain_text("Late", timeout=WAIT_MS)


async def test_a_viewer_sees_alarms_and_takes_none(desk: Desk) -> None:
    """There is no form, and who posts one is told which role it needs."""
    await desk.deployment.run("authority", "review", "sz", "--policy", "two-person")
    await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.VIEWER, "Vera")
    await page.goto(f"{desk.server.url}/console/alarms")
    card = page.locator("[data-kind=review]")
    await expect(card).to_have_count(1, timeout=WAIT_MS)
    assert await page.locator("form[action$=acknowledgement]").count() == 0
    url = f"{desk.server.url}/console/alarms/{await card.get_attribute('data-alarm')}/acknowledgement"
    answer = await page.request.post(url, form={"note": ""}, headers={"Origin": desk.server.url})
    assert answer.status == 403


async def test_alarms_of_another_process_are_shown_and_that_it_is_gone(desk: Desk) -> None:
    """One process cannot write its anchors; the console of the other shows that, and that it was killed."""
    failing = {"QQ_ALERT_AUDIT__ANCHOR_FILE": "/proc/none/anchors"}
    broken = await desk.deployment.server(**failing)
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await page.goto(f"{desk.server.url}/console/alarms")
    await expect(page.locator("[data-kind=anchor_refused]")).to_have_count(1, timeout=WAIT_MS)
    port = broken.url.rpartition(":")[2]
    await expect(page.locator("[data-kind=anchor_refused]")).to_contain_text(f":{port}")
    broken.end(signal.SIGKILL)
    await expect(page.locator("[data-kind=process_gone]")).to_contain_text(f":{port}", timeout=WAIT_MS)
    await expect(page.locator("[data-kind=anchor_refused] .mark.warn")).to_be_visible(timeout=WAIT_MS)
    await expect(page.locator("table.processes .mark.bad")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_a_shift_begins_with_who_the_clocks_and_the_alarm(desk: Desk, locale: str, *, javascript: bool) -> None:
    """Who, which role and authority; the alarm is heard once at a press; that the shift began is in the trail."""
    page = await desk.signed_in(Role.APPROVER, "Anna", locale=locale, authority="sz", javascript=javascript)
    await page.add_init_script(TONES)
    await page.click("header a[href='/console/shift']")
    about = page.locator("section.card").first
    for known in ("Anna", "sz"):
        await expect(about).to_contain_text(known)
    if javascript:
        await expect(page.locator("[data-clock-difference]")).not_to_contain_text("JavaScript")
        await page.click("button[data-play^='review alarm']")
        await page.wait_for_selector("html[data-played=test]", state="attached", timeout=WAIT_MS)
        assert len(set(await page.evaluate("window.tones"))) >= 8
    else:
        await expect(page.locator("section noscript .problem")).to_contain_text("JavaScript")
    await page.click(f"button[name=alarm][value={'heard' if javascript else 'not-heard'}]")
    await expect(page.locator(".done")).to_be_visible()
    [row] = await desk.deployment.query(
        "select content from audit_event where content::text like '%shift started%' order by seq"
    )
    assert ('"heard"' in str(row[0]), "Anna" in str(row[0])) == (javascript, True)


def _of(status: str) -> dict[str, Any]:
    return {"status": status} if "status" in CASE or status != "actual" else {}
