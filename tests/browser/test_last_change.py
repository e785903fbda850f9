"""An open page ends at how things stand, however slow, wrong or late the answers are that its parts get."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from handlers.http.roles import Role

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.browser.desk import Desk

LONG_MS = 60_000
"""Far longer than anything here takes, also beside other work."""

PART = "**/part/state"


@pytest.mark.parametrize("how", ["late", "refused", "cut"])
async def test_a_page_ends_at_the_last_change_of_an_alert(desk: Desk, how: str) -> None:
    """The last change comes while an answer of before it is under way, or its own answer is an error, or none."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    begun, changed = asyncio.Event(), asyncio.Event()
    asked = 0

    async def of_before(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            await route.continue_()
            return
        before = await route.fetch()
        begun.set()
        await changed.wait()
        if how == "late":
            await route.fulfill(response=before)
        elif how == "refused":
            await route.fulfill(status=HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            await route.abort()

    await page.route(PART, of_before)
    await page.goto(f"{desk.server.url}/console/alerts/{alert['id']}")
    await expect(page.locator(".state-sent")).to_be_visible()
    await begun.wait()
    # The part with the rates hears of the same change, and asks five times as late.
    async with page.expect_response("**/part/rates", timeout=LONG_MS):
        status, _ = await desk.deployment.post(
            f"{desk.server.url}/v1/alerts/{alert['id']}/pause", {"reason": "wait", "case_number": alert["case_number"]}
        )
        assert status == HTTPStatus.OK
    changed.set()
    await expect(page.locator(".state-paused")).to_be_visible(timeout=LONG_MS)
    await expect(page.locator(".state-sent")).to_have_count(0)
    await page.unroute_all(behavior="wait")
    # Resumed, it is sent again by itself: nobody is left.
    status, _ = await desk.deployment.post(
        f"{desk.server.url}/v1/alerts/{alert['id']}/resume", {"reason": "go on", "case_number": alert["case_number"]}
    )
    assert status == HTTPStatus.OK
    await expect(page.locator(".state-sent")).to_be_visible(timeout=LONG_MS)


async def test_what_changes_while_somebody_types_is_shown_when_they_leave_the_field(desk: Desk) -> None:
    """Nobody is disturbed in the midst of a note, and nothing of what came meanwhile is missed."""
    _, answer = await desk.deployment.file(desk.server)
    alert = answer["alert"]
    await desk.deployment.sent(desk.server, alert["id"])
    pause = {"reason": "wait", "case_number": alert["case_number"]}
    url = f"{desk.server.url}/v1/alerts/{alert['id']}"
    assert (await desk.deployment.post(f"{url}/pause", pause))[0] == HTTPStatus.OK
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    await page.goto(f"{desk.server.url}/console/alarms")
    alarm = page.locator("[data-kind=paused]")
    await expect(alarm).to_be_visible(timeout=LONG_MS)
    await alarm.locator("input[name=note]").focus()
    async with page.expect_response("**/part/alarms", timeout=LONG_MS):
        assert (await desk.deployment.post(f"{url}/resume", pause))[0] == HTTPStatus.OK
    await expect(alarm).to_be_visible()
    await alarm.locator("input[name=note]").blur()
    await expect(alarm).to_have_count(0, timeout=LONG_MS)
