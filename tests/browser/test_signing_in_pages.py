"""The pages by which people sign in and make passkeys are readable for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pytest

from handlers.http.roles import Role
from tests.support.axe import SERIOUS, violations

if TYPE_CHECKING:
    from tests.browser.desk import Desk
SCHEMES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_phone(desk: Desk, locale: str) -> None:
    """Signed out, signed in beside, one's passkeys, and what comes back of a form, dark and light, at 320 pixels."""
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.page(locale, width=320)
    await page.goto(f"{desk.server.url}/console")
    assert await violations(page, impacts=SERIOUS) == []
    await page.fill("#token", await desk.token(Role.OPERATOR, "Anna"))
    await page.click("main button.primary")
    await page.wait_for_selector("header .who")
    await desk.deployment.query("update browser_session set expires_at = now() + interval '9 minutes' returning id")
    for path in ("sign-in/done", "passkeys", "sign-in"):
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.goto(f"{desk.server.url}/console/{path}")
            assert await violations(page, impacts=SERIOUS) == [], (path, scheme)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, path
    await page.goto(f"{desk.server.url}/console/alerts/{answer['alert']['id']}/pause")
    await page.fill("#reason", "a long and careful text " * 10)
    await desk.deployment.query("update browser_session set expires_at = now() returning id")
    await page.click("form[data-action=pause] button")
    await page.wait_for_selector("textarea[name=reason]")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page, impacts=SERIOUS) == [], scheme
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
