"""The tour of the demo, as a newcomer takes it: with the links that it prints, and nothing else."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.judging import confirm, read_and_approve
from tests.support.processes.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

PRINTED_WITHIN_S = 120.0
SHOWN_WITHIN_MS = 60_000


async def _printed(stream: asyncio.StreamReader, until: str) -> str:
    """Return what is printed until a text has come."""
    printed = ""
    async with asyncio.timeout(PRINTED_WITHIN_S):
        while until not in printed:
            line = await stream.readline()
            assert line, f"the demo ended: {printed}"
            printed += line.decode()
    return printed


async def _signed_in(browser: Browser, link: str) -> Page:
    page = await (await browser.new_context(locale="en")).new_page()
    await page.goto(link)
    await page.click("main button.primary")
    await page.wait_for_selector("header .who")
    return page


async def _judge(page: Page) -> None:
    """Go to what waits, read every language and approve."""
    await page.click("header a[href='/console/queue']")
    await page.click("table.queue a.primary")
    await read_and_approve(page)


async def _reads_that_it_waits_for_others(page: Page) -> None:
    """Who proposed a change finds it among what waits, not counted, and no form to approve it."""
    await expect(page.locator('[data-count="queue"]')).to_have_text("")
    await page.goto(page.url.split("?")[0] + "/review")
    await expect(page.locator("[data-not-mine]")).to_contain_text("somebody else")
    await expect(page.locator("form[data-action=approval]")).to_have_count(0)
    await page.go_back()


async def test_a_newcomer_approves_watches_widens_and_says_found(browser: Browser, tmp_path: Path) -> None:
    """The three links are three people; the demo says what it sees, and leaves nothing behind."""
    tmp_path.chmod(0o755)
    arguments = ("-m", "server.demo", "--tour", "--people", "5000")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    links = re.findall(r"http://\S+link=\S+", await _printed(process.stderr, "6. "))
    anna, bo, cai = [await _signed_in(browser, link) for link in links]
    again = await (await browser.new_context(locale="en")).new_page()
    await again.goto(links[0])
    await expect(again.locator("[data-link-over]")).to_be_visible()
    await _judge(anna)
    await expect(anna.locator(".state-in_review")).to_be_visible()
    await _judge(bo)
    await _printed(process.stderr, "late entrants")
    await bo.click("a[href$='/rings']")
    await expect(bo.locator("[data-proposes='2']")).to_contain_text("before 2 others have approved it")
    await expect(bo.locator("form[data-action=rings] button.primary")).to_have_text("Propose")
    await expect(bo.locator("main")).not_to_contain_text("notified at once")
    await bo.fill("#radius_km", "200")
    await confirm(bo, "taken away in a car")
    await expect(bo.locator("[data-proposal]")).to_contain_text("200 km")
    await _reads_that_it_waits_for_others(bo)
    await expect(cai.locator('[data-count="queue"]')).to_have_text("1", timeout=SHOWN_WITHIN_MS)
    await _judge(anna)
    await expect(anna.locator("[data-proposal]")).to_contain_text("200 km")
    await expect(anna.locator("[data-approved=waits]")).to_contain_text("1 of 2 approvals")
    await _judge(cai)
    await expect(cai.locator("[data-approved=approval_of_change]")).to_contain_text("the change is made")
    await expect(cai.locator('[data-ring="4"]').first).to_be_visible(timeout=SHOWN_WITHIN_MS)
    await anna.click("a[href$='/found']")
    await expect(anna.locator(".words")).not_to_have_count(0)
    await confirm(anna, "at home")
    await expect(bo.locator(".state-found")).to_be_visible(timeout=SHOWN_WITHIN_MS)
    await _printed(process.stderr, "until Ctrl-C")
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), PRINTED_WITHIN_S) == 0
    assert not list(tmp_path.iterdir())
