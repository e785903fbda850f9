"""An operator starts an exercise at the console: it looks like nothing else, and reaches only who is enrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.async_api import expect

from handlers.http.roles import Role

if TYPE_CHECKING:
    from tests.browser.desk import Desk

ENROLMENT = "/console/administration/enrolment"
NARROW = 320


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_an_exercise_reaches_only_those_who_were_enrolled_at_the_console(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """Three are enrolled and one of them withdrawn; an operator starts an exercise once, however often it is sent."""
    people = (await desk.deployment.people(2_000, seed=2))[:3].tolist()
    admin = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=javascript, width=NARROW)
    await admin.goto(f"{desk.server.url}{ENROLMENT}")
    assert await admin.evaluate("document.documentElement.scrollWidth") <= NARROW
    await admin.fill("#enrol-users", "\n".join(map(str, people)))
    await admin.fill("#enrol-consented_at", "tomorrow")
    await admin.fill("#enrol-reason", "they signed")
    await admin.click("form[data-action=enrol] button")
    await expect(admin.locator("#error-enrol-consented_at")).to_be_visible()
    await admin.fill("#enrol-consented_at", "2026-11-01T09:00+08:00")
    await admin.click("form[data-action=enrol] button")
    await admin.wait_for_url("**/enrolment?changed=3")
    await admin.fill("#removal-users", str(people[0]))
    await admin.fill("#removal-reason", "no longer")
    await admin.click("form[data-action=removal] button")
    await admin.wait_for_url("**/enrolment?changed=1")
    await expect(admin.locator("[data-figure=enrolled]")).to_have_text("2")
    page = await desk.signed_in(Role.OPERATOR, "Olga", locale=locale, javascript=javascript, width=NARROW)
    await page.goto(f"{desk.server.url}/console/exercises")
    assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW
    await expect(page.locator("h1 .mark-exercise")).to_contain_text("◆")
    number = await page.input_value("[name=number]")
    for confirmation in ("gz", "sz"):
        await page.fill("#start-latitude", "22.5431")
        await page.fill("#start-longitude", "114.0579")
        await page.fill("#start-reason", "the yearly one")
        await page.fill("#start-confirmation", confirmation)
        await page.click("form[data-action=start] button")
        await page.wait_for_load_state()
    await page.wait_for_url("**/console/alerts/*")
    alert = page.url.rpartition("/")[2]
    await expect(page.locator("h1 .mark-exercise")).to_contain_text("◆")
    await desk.deployment.sent(desk.server, alert)
    assert np.array_equal(await desk.deployment.reached(), np.array(people[1:], dtype="<i8"))
    # What was started is not started again by the same form.
    form: dict[str, str | float | bool] = {
        "number": number,
        "authority": "sz",
        "confirmation": "sz",
        "latitude": "22.5",
        "longitude": "114",
        "reason": "again",
    }
    again = await page.request.post(
        f"{desk.server.url}/console/exercises", form=form, headers={"Origin": desk.server.url}
    )
    assert again.status == 409
    assert len(await desk.deployment.query("select 1 from alert")) == 1
    shown = (await desk.deployment.run("audit", "show")).splitlines()
    assert [line for line in shown if "exercise started" in line and "operator Olga" in line]
    assert not [line for line in shown if any(str(one) in line for one in people)]


async def test_a_viewer_starts_no_exercise_and_an_officer_none_of_another_authority(desk: Desk) -> None:
    """Over the API and at the console; nothing is filed."""
    viewer = await desk.signed_in(Role.VIEWER, "Vera")
    answer = await viewer.goto(f"{desk.server.url}/console/exercises")
    assert answer is not None
    assert answer.status == 403
    await desk.deployment.run("authority", "add", "gz", "--name", "Guangzhou")
    officer = await desk.token(Role.OPERATOR, "Otto", "gz")
    body = {"authority": "sz", "confirmation": "sz", "longitude": 114, "latitude": 22.5, "reason": "x"}
    status, problem = await desk.deployment.post(f"{desk.server.url}/v1/exercises", body, officer)
    assert (status, problem["code"]) == (403, "other_authority")
    status, problem = await desk.deployment.post(f"{desk.server.url}/v1/exercises", {**body, "authority": "no"})
    assert (status, problem["code"]) == (422, "wrong_confirmation")
    assert await desk.deployment.query("select 1 from alert") == []


async def test_everybody_is_withdrawn_with_a_reason(desk: Desk) -> None:
    """From the page of exercises; without a reason nobody is."""
    await desk.deployment.run("exercise", "enrol", "7", "8")
    page = await desk.signed_in(Role.OPERATOR, "Olga", javascript=False)
    await page.goto(f"{desk.server.url}/console/exercises")
    await page.click("details:has(form[data-action=withdrawal]) > summary")
    await page.fill("#withdrawal-reason", "the campaign is over")
    await page.click("form[data-action=withdrawal] button")
    await page.wait_for_url("**/exercises?done=withdrawal")
    await expect(page.locator("[data-figure=enrolled]")).to_have_text("0")
