"""What people do at the console's pages to judge a case, as steps of a test.

Bounded by Playwright's own time-outs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk


async def approve(page: Page, desk: Desk, alert: dict[str, Any]) -> None:
    """Read every language, type the case number and approve."""
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}/review")
    await read_all(page)
    await page.fill("#reason", "read and believed")
    await expect(page.locator("form[data-action=approval] button")).to_be_disabled()
    await page.fill("#case_number", alert["case_number"])
    await page.click("form[data-action=approval] button")
    await page.wait_for_url(f"**/console/alerts/{alert['id']}?done=approval")


async def read_all(page: Page) -> None:
    """Open every language."""
    for summary in await page.locator("details.locale:not([open]) summary").all():
        await summary.click()
    # The browser says that a text was opened only after the click has returned.
    await expect(page.locator("[data-read]:not(:checked)")).to_have_count(0)
