"""A lane that its provider refuses is restarted at the console, in every process, and sends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import expect

from handlers.http.roles import Role
from tests.browser.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from tests.support.processes.deployment import Deployment

NEVER_S: Final = "3600"
"""So long a lane that is refused waits for its next probe: within a test nothing but a restart makes it try."""

PATIENT_S: Final = "60"
"""A lease that a busy machine extends in time: what a process is working on, no other one sends again."""

WITHIN_S: Final = 120.0
TIMES: Final = 10
"""A lane is restarted at most so often."""

LANES: Final = "/console/administration/lanes"


@pytest_asyncio.fixture
async def desk(deployment: Deployment, browser: Browser) -> AsyncIterator[Desk]:
    """Run two servers whose lane tries again by itself only after the test."""
    await deployment.provider()
    env = {"QQ_ALERT_LANES__TPNS__MISCONFIGURED_PROBE_S": NEVER_S, "QQ_ALERT_LEASE_S": PATIENT_S}
    first, _ = [await deployment.server(**env) for _ in range(2)]
    desk = Desk(deployment, first, browser)
    yield desk
    await asyncio.wait_for(desk.close(), WITHIN_S)


async def _credentials(desk: Desk, secret_key: str) -> None:
    """Have the simulated provider take other credentials."""
    url = f"{desk.deployment.provider_url}/simulated/credentials"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, json={"access_id": "simulated", "secret_key": secret_key})
        assert answer.status == 204


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_a_lane_that_was_refused_is_restarted_in_both_processes_and_sends(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """Nobody is notified before; both processes say that they heard of it; then everybody is, once."""
    people = await desk.deployment.people(3_000)
    await _credentials(desk, "changed")
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=javascript)
    await page.goto(f"{desk.server.url}{LANES}")
    refused = page.locator("table.lanes tr[data-condition=misconfigured]")
    async with asyncio.timeout(WITHIN_S):
        while not await refused.count():
            # Without JavaScript somebody loads the page again; with it, it follows by itself.
            if javascript:
                await refused.first.wait_for()
            else:
                await page.reload()
    assert await page.locator("table.lanes tbody tr").count() == 2
    await expect(page.locator("ul.errors")).to_contain_text("1008003")
    assert (await desk.deployment.reached()).size == 0
    await _credentials(desk, "simulated")
    await page.click("details:has(form[data-action='restart-tpns']) > summary")
    if not javascript:
        await page.fill("form[data-action='restart-tpns'] [name=confirmation]", "apns")
        await page.fill("form[data-action='restart-tpns'] [name=reason]", "the provider has our key again")
        await page.click("form[data-action='restart-tpns'] button")
        await expect(page.locator("main [role=alert]")).to_be_visible()
    await page.fill("form[data-action='restart-tpns'] [name=confirmation]", "tpns")
    await page.fill("form[data-action='restart-tpns'] [name=reason]", "the provider has our key again")
    await page.click("form[data-action='restart-tpns'] button")
    await page.wait_for_url("**/lanes?restart=*")
    heard = page.locator("[data-restart] li:has-text('✔')")
    async with asyncio.timeout(WITHIN_S):
        # The page comes after five seconds, also where a process has not heard of it yet.
        while await heard.count() < 2:
            await page.reload()
    assert await page.locator("[data-restart] li").count() == 2
    await desk.deployment.sent(desk.server, answer["alert"]["id"])
    assert np.array_equal(await desk.deployment.reached(), people)
    assert (await desk.deployment.counts())["duplicates"] == 0
    shown = await desk.deployment.run("audit", "show")
    [event] = [line for line in shown.splitlines() if "lane restarted" in line]
    assert "admin Ada" in event


async def test_a_restart_needs_the_lane_typed_a_reason_and_an_administrator(desk: Desk) -> None:
    """Over the API: another lane, one that nobody has, or another role, and nothing is restarted."""
    url = f"{desk.server.url}/v1/lanes"
    operator = await desk.token(Role.OPERATOR, "Olga")
    body = {"reason": "because", "confirmation": "tpns"}
    assert (await desk.deployment.post(f"{url}/tpns/restart", body, operator))[0] == 403
    for path, more, code in (
        ("tpns", {"confirmation": "apns"}, "wrong_confirmation"),
        ("tpns", {"reason": ""}, "bad_fields"),
        ("apns", {"confirmation": "apns"}, "unknown_lane"),
    ):
        _, problem = await desk.deployment.post(f"{url}/{path}/restart", {**body, **more})
        assert problem["code"] == code
    assert await desk.deployment.query("select 1 from lane_restart") == []
    for _ in range(TIMES):
        status, done = await desk.deployment.post(f"{url}/tpns/restart", body)
        # It is answered after five seconds, also where a process has not heard of it yet.
        if not done.get("waiting"):
            break
    assert (status, done["waiting"], [one["outcome"] for one in done["heard"]]) == (200, [], ["tried_again"] * 2)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {operator}"}) as session:
        answer = await (await session.get(url)).json()
    [lane] = answer["lanes"]
    assert {one["condition"] for one in lane["processes"]} == {"closed"}
    assert len(lane["processes"]) == 2
