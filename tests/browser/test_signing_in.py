"""Signing in at the console with a token, and what a browser may do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from handlers.http.roles import Role

if TYPE_CHECKING:
    from tests.browser.desk import Desk


@pytest.mark.parametrize(("locale", "javascript"), [("en", True), ("zh-CN", False)])
async def test_somebody_signs_in_with_a_token_and_out_again(desk: Desk, locale: str, *, javascript: bool) -> None:
    """In both languages, with and without JavaScript; after signing out the cookie opens nothing."""
    page = await desk.signed_in(Role.OPERATOR, "Anna", locale=locale, javascript=javascript)
    assert await page.locator("html").get_attribute("lang") == locale
    assert "Anna" in await page.locator("header .who").inner_text()
    [cookie] = await page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Strict", "/")
    await page.click("header form button")
    await page.wait_for_selector("#token")
    async with aiohttp.ClientSession(cookies={str(cookie.get("name")): str(cookie.get("value"))}) as session:
        answer = await session.get(f"{desk.server.url}/console")
        assert answer.status == 401


async def test_a_wrong_token_signs_nobody_in(desk: Desk) -> None:
    """The page says so, and sets no cookie; neither does the token of the platform, which is no person's."""
    page = await desk.page()
    for token in ("qqa_wrong", await desk.token(Role.PLATFORM, "backend")):
        await page.goto(f"{desk.server.url}/console")
        await page.fill("#token", token)
        await page.click("main button.primary")
        await page.wait_for_selector("[role=alert]")
        assert await page.context.cookies() == []


async def test_a_form_of_another_site_is_refused_and_counted(desk: Desk) -> None:
    """With the cookie, but another origin or none: 403, and whoever is signed in stays so."""
    page = await desk.signed_in(Role.OPERATOR, "Anna")
    [cookie] = await page.context.cookies()
    url = f"{desk.server.url}/console/sign-out"
    async with aiohttp.ClientSession(cookies={str(cookie.get("name")): str(cookie.get("value"))}) as session:
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": desk.server.url},
            {"Origin": "null"},
            {},
        ):
            answer = await session.post(url, headers=headers)
            assert (answer.status, (await answer.json())["code"]) == (403, "cross_site"), headers
        answer = await session.get(f"{desk.server.url}/console")
        assert answer.status == 200


async def test_what_was_typed_is_not_lost_when_a_session_ends(desk: Desk) -> None:
    """A form that comes without a session changes nothing, and comes back with all that was typed, to be sent again."""
    page = await desk.signed_in(Role.OPERATOR, "Anna", javascript=False)
    await page.context.clear_cookies()
    answer = await page.request.post(
        f"{desk.server.url}/console/sign-out", form={"reason": "a long text"}, headers={"Origin": desk.server.url}
    )
    assert answer.status == 401
    assert "a long text" in await answer.text()
