"""Administrators add authorities, rotate secrets, and create and revoke tokens at the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from playwright.async_api import expect

from handlers.http.roles import Role
from server.administration.file_case import send_case
from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

ADMINISTRATION = "/console/administration"
NARROW = 320


async def _open(page: Page, form: str) -> None:
    """Open what hides a form, if something does."""
    summary = page.locator(f"details:has(form[data-action='{form}']):not([open]) > summary")
    if await summary.count():
        await summary.click()


async def _send(page: Page, form: str, **fields: str) -> None:
    """Fill in a form and send it."""
    await _open(page, form)
    for name, value in fields.items():
        field = page.locator(f"form[data-action='{form}'] [name='{name}']")
        if await field.evaluate("one => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await page.click(f"form[data-action='{form}'] button")


async def _filed(desk: Desk, authority: str, secret: str, number: str) -> int:
    content = msgspec.json.encode({**CASE, "case_number": number})
    return (await send_case(desk.server.url, authority, secret, content))[0]


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_an_authority_is_added_and_its_secret_rotated(desk: Desk, locale: str, *, javascript: bool) -> None:
    """Each secret is shown once and signs; the one before signs until its seven days are over, and then no more."""
    page = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=javascript)
    await page.goto(f"{desk.server.url}{ADMINISTRATION}/authorities")
    await _send(page, "new", id="gz", name="Guangzhou", time_zone="Asia/Shanghai", reason="a new partner")
    first = await page.locator("code.once").inner_text()
    assert await _filed(desk, "gz", first, "GZ-1") == 202
    one = f"{desk.server.url}{ADMINISTRATION}/authorities/gz"
    answer = await page.goto(one)
    assert answer is not None
    assert first not in await answer.text()
    assert answer.headers["cache-control"] == "no-store"
    await _open(page, "secrets")
    if javascript:
        await expect(page.locator("form[data-action=secrets] button")).to_be_disabled()
    else:
        # Another name than that of the authority rotates nothing, and what was typed is still there.
        await _send(page, "secrets", confirmation="sz", reason="a change of staff")
        await expect(page.locator("main [role=alert]")).to_be_visible()
        assert await page.input_value("form[data-action=secrets] [name=reason]") == "a change of staff"
    await _send(page, "secrets", confirmation="gz", reason="a change of staff")
    second = await page.locator("code.once").inner_text()
    assert second != first
    # The same form, sent once more, makes no third one.
    await page.reload()
    await expect(page.locator("main [role=alert]")).to_be_visible()
    assert await page.locator("code.once").count() == 0
    await page.goto(one)
    assert second not in await page.content()
    assert [await _filed(desk, "gz", first, "GZ-2"), await _filed(desk, "gz", second, "GZ-3")] == [202, 202]
    await desk.deployment.query("update authority_secret set expires_at = now() where expires_at is not null")
    assert [await _filed(desk, "gz", first, "GZ-4"), await _filed(desk, "gz", second, "GZ-5")] == [401, 202]


@pytest.mark.parametrize(("locale", "javascript"), [("en", False), ("zh-CN", True)])
async def test_a_token_is_created_and_revoked_and_its_session_ends(
    desk: Desk, locale: str, *, javascript: bool
) -> None:
    """Who is created signs in; after the revocation an open page goes to the sign-in, without JavaScript the next one.

    The trail names who did it.
    """
    page = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=javascript)
    await page.goto(f"{desk.server.url}{ADMINISTRATION}/tokens")
    await _send(page, "new", role="operator", name="Olga", reason="begins today")
    token = await page.locator("code.once").inner_text()
    await expect(page.locator("[data-once]")).to_contain_text("Olga")
    await page.reload()
    await expect(page.locator("main [role=alert]")).to_be_visible()
    assert await page.locator("code.once").count() == 0
    olga = await desk.page(locale, javascript=javascript)
    await olga.goto(f"{desk.server.url}/console")
    await olga.fill("#token", token)
    await olga.click("main button.primary")
    await expect(olga.locator("header .who")).to_contain_text("Olga")
    await page.goto(f"{desk.server.url}{ADMINISTRATION}/tokens")
    await page.click("tr:has-text('Olga') th a")
    await _send(page, "revocation", confirmation="Olga", reason="left")
    await page.wait_for_url("**/tokens?done=token")
    assert await page.locator("tr:has-text('Olga')").count() == 0
    if not javascript:
        await olga.goto(f"{desk.server.url}/console/queue")
    await expect(olga.locator("#token")).to_be_visible(timeout=60_000)
    shown = await desk.deployment.run("audit", "show")
    assert "admin Ada" in shown
    assert token not in shown


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_everything_of_an_authority_is_changed_without_javascript_on_a_narrow_screen(
    desk: Desk, locale: str
) -> None:
    """Review, checklist, time zone, jurisdiction and revocation; no page is wider than 320 pixels."""
    page = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=False, width=NARROW)
    one = f"{desk.server.url}{ADMINISTRATION}/authorities/sz"

    async def fits() -> None:
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW, page.url

    for path in ("", "/authorities", "/tokens", "/lanes", "/people", "/authorities/sz", "/tokens/1"):
        await page.goto(f"{desk.server.url}{ADMINISTRATION}{path}")
        await expect(page.locator("header nav a[aria-current]")).to_have_attribute("href", ADMINISTRATION)
        await fits()
    await page.goto(one)
    await _send(page, "review", policy="grace", grace_s="90", reason="they asked")
    await page.wait_for_url("**/sz?done=review")
    await _open(page, "checklist")
    await page.check("[name='asks-consent']")
    await _send(page, "checklist", reason="they asked")
    await _send(page, "time-zone", time_zone="Asia/Nowhere", reason="they moved")
    await expect(page.locator("#error-time-zone-time_zone")).to_be_visible()
    await _send(page, "time-zone", time_zone="Asia/Urumqi", reason="they moved")
    square = '{"type": "Polygon", "coordinates": [[[113, 22], [115, 22], [115, 23], [113, 23], [113, 22]]]}'
    await _send(page, "jurisdiction", jurisdiction='{"type": "Point"', confirmation="sz", reason="the law")
    await expect(page.locator("#error-jurisdiction-jurisdiction")).to_be_visible()
    await _send(page, "jurisdiction", jurisdiction=square, confirmation="sz", reason="the law")
    await expect(page.locator("table.mapped")).to_contain_text("113.00000°")
    await fits()
    [row] = await desk.deployment.query("select review, grace_s, time_zone, asks from authority where id = 'sz'")
    assert tuple(row) == ("grace", 90, "Asia/Urumqi", ["consent"])
    await _send(page, "revocation", confirmation="sz", reason="a stolen key")
    await expect(page.locator("form[data-action=revocation]")).to_have_count(0)
    await fits()
    assert await _filed(desk, "sz", desk.deployment.secret, "SZ-9") == 401


async def test_nobody_but_an_administrator_of_no_authority_sees_these_pages(desk: Desk) -> None:
    """An approver and an officer are refused, and offered no link where they have not the role."""
    approver = await desk.signed_in(Role.APPROVER, "Paul")
    assert await approver.locator(f"header a[href='{ADMINISTRATION}']").count() == 0
    officer = await desk.signed_in(Role.ADMIN, "Otto", authority="sz")
    for page in (approver, officer):
        for path in ("", "/authorities/sz", "/tokens", "/tokens/1", "/lanes", "/part/lanes", "/people", "/enrolment"):
            answer = await page.goto(f"{desk.server.url}{ADMINISTRATION}{path}")
            assert answer is not None
            assert answer.status == 403, path
        posted = await page.request.post(
            f"{desk.server.url}{ADMINISTRATION}/tokens",
            form={"role": "approver", "name": "Eve", "reason": "x", "days": "1"},
            headers={"Origin": desk.server.url},
        )
        assert posted.status == 403
    assert await desk.deployment.query("select 1 from bearer_token where name = 'Eve'") == []


async def test_a_jurisdiction_is_drawn_on_the_map(desk: Desk) -> None:
    """Its shape stands on the map of its authority, and its bounds in the table beside it."""
    square = {"type": "Polygon", "coordinates": [[[113, 22], [115, 22], [115, 23], [113, 23], [113, 22]]]}
    body = {"reason": "the law", "confirmation": "sz", "jurisdiction": square}
    assert (await desk.deployment.post(f"{desk.server.url}/v1/authorities/sz/jurisdiction", body))[0] == 200
    page = await desk.signed_in(Role.ADMIN, "Ada")
    await page.goto(f"{desk.server.url}{ADMINISTRATION}/authorities/sz")
    await expect(page.locator("area-map path.drawn-jurisdiction")).to_have_count(1)
    await expect(page.locator("area-map table")).to_contain_text("115.00000°")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_an_administrator_says_which_person_a_subject_is(desk: Desk, locale: str) -> None:
    """Once, with its name typed; the event is that of the command line but for its author."""
    add = "insert into issuer_subject (issuer, subject, name) values ('https://issuer.example', $1, $2) returning id"
    first, second = [(await desk.deployment.query(add, name, "Anna"))[0][0] for name in ("one", "two")]
    person = (await desk.deployment.command("token", "create", "--role", "operator", "--name", "Anna", "--json"))["id"]
    [[person]] = await desk.deployment.query("select person_id from bearer_token where id = $1", person)
    await desk.deployment.run("person", "is", str(first), "--person", str(person))
    page = await desk.signed_in(Role.ADMIN, "Ada", locale=locale, javascript=False)
    await page.goto(f"{desk.server.url}{ADMINISTRATION}/people")
    for confirmation in ("Berta", "Anna"):
        await page.select_option("#decision-subject", str(second))
        await page.fill("#decision-person", str(person))
        await page.fill("#decision-confirmation", confirmation)
        await page.fill("#decision-reason", "asked her by telephone")
        await page.click("form[data-action=decision] button")
        await expect(page.locator("main [role=alert], main [role=status]").first).to_be_visible()
    await expect(page.locator("main [role=status]")).to_be_visible()
    decided = await desk.deployment.query("select person_id from issuer_subject order by id")
    assert [row[0] for row in decided] == [person, person]
    rows = await desk.deployment.query("select content from audit_event where content like '%subject is a person%'")
    by_hand, at_console = [msgspec.json.decode(row[0])["event"] for row in rows]
    assert (by_hand["actor"], at_console["actor"]) == ("command line", "admin Ada")
    assert {**by_hand["details"], "subject": second} == at_console["details"]
