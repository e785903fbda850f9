"""What people do at the console's pages to judge a case, as steps of a test.

Bounded by Playwright's own time-outs; a form is sent at most `TIMES` times.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

TIMES: Final = 5


async def confirm(page: Page, reason: str) -> None:
    """Give a reason, type the case number as the page shows it, and press the button.

    Where a busy machine's stores did not answer in time, it is pressed again: the page keeps what was typed.
    """
    field = page.locator("#case_number")
    await page.fill("#reason", reason)
    await field.fill(await field.get_attribute("data-must-be") or "")
    for _ in range(TIMES):
        async with page.expect_navigation() as navigation:
            await page.click("form[data-action] button:is(.primary, .danger)")
        if (await navigation.value).status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    await page.wait_for_url("**?done=*")


async def read_and_approve(page: Page, reason: str = "read and believed") -> None:
    """Read every language of a review, type the case number and approve."""
    await page.wait_for_selector(".review")
    await read_all(page)
    await page.fill("#reason", reason)
    await expect(page.locator("form[data-action=approval] button")).to_be_disabled()
    await confirm(page, reason)


async def approve(page: Page, desk: Desk, alert: dict[str, Any]) -> None:
    """Read every language, type the case number and approve."""
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/review")
    await read_and_approve(page)


async def read_all(page: Page) -> None:
    """Open every language."""
    for summary in await page.locator("details.locale:not([open]) summary").all():
        await summary.click()
    # The browser says that a text was opened only after the click has returned.
    await expect(page.locator("[data-read]:not(:checked)")).to_have_count(0)
